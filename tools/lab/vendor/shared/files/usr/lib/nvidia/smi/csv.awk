# --query-gpu=LIST --format=csv[,noheader][,nounits]. Form: sample-outputs/nvidia-smi-query.csv.txt.
# Variables: fields, format, ecc (a line "SLOT now next" for each GPU), virtualization.
END {
  if (pick() == 0) { print "No devices were found"; exit 6 }
  if (format !~ /(^|,)csv(,|$)/) { print "\"--format=\" with \"csv\" must be given together with a query."; exit 2 }
  wanted = split(fields, name, ",")
  for (k = 1; k <= wanted; k++) {
    gsub(/^ +| +$/, "", name[k])
    known = cell(1, name[k])
    if (known == "") { printf "Field \"%s\" is not a valid field to query.\n", name[k]; exit 2 }
    title = title (k > 1 ? ", " : "") name[k] (known ~ / MiB$/ ? " [MiB]" : "")
  }
  if (format !~ /noheader/) print title
  for (k = 1; k <= count; k++) print row(gpu[k])
}

function row(n,   k, text, out) {
  for (k = 1; k <= wanted; k++) {
    text = cell(n, name[k])
    if (format ~ /nounits/) sub(/ MiB$/, "", text)
    out = out (k > 1 ? ", " : "") text
  }
  return out
}

function cell(n, field) {
  if (field == "index") return value[n, "index"]
  if (field == "count") return read_gpus
  if (field == "name" || field == "gpu_name") return value[n, "name"]
  if (field == "uuid" || field == "gpu_uuid") return value[n, "uuid"]
  if (field == "pci.bus_id" || field == "gpu_bus_id") return address(n)
  if (field == "pci.domain") return "0x" substr(value[n, "slot"], 1, 4)
  if (field == "pci.bus") return "0x" toupper(substr(value[n, "slot"], 6, 2))
  if (field == "pci.device_id") return "0x" toupper(value[n, "device"]) "10DE"
  if (field == "pci.sub_device_id") return "0x" toupper(value[n, "subsystem"]) "10DE"
  if (field == "driver_version") return version
  if (field == "memory.total") return value[n, "framebuffer-mib"] " MiB"
  if (field == "memory.used") return in_use(n) " MiB"
  if (field == "memory.free") return value[n, "framebuffer-mib"] - in_use(n) " MiB"
  if (field == "mig.mode.current") return bracketed(mig_word(n, "mig-now"))
  if (field == "mig.mode.pending") return bracketed(mig_word(n, "mig-next"))
  if (field == "ecc.mode.current") return ecc_word(n, 2)
  if (field == "ecc.mode.pending") return ecc_word(n, 3)
  if (field == "persistence_mode") return "Enabled"
  if (field == "display_active") return "Disabled"
  return ""
}

function bracketed(text) { return text == "N/A" ? "[N/A]" : text }
function ecc_word(n, field,   rows, parts, k) {
  rows = split(ecc, parts, ";")
  for (k = 1; k <= rows; k++) if (word(parts[k], 1) == value[n, "slot"]) return word(parts[k], field)
  return "[N/A]"
}
