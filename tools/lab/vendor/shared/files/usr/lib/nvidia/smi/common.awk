# The driver's state, read from one file for each GPU, and the forms of lines that all reports share.
# Variables from outside: version, now, select (what -i was given, empty for all).
FNR == 1 { read_gpus++ }
{
  rest = substr($0, length($1) + 2)
  value[read_gpus, $1] = rest
  times[read_gpus, $1]++
  item[read_gpus, $1, times[read_gpus, $1]] = rest
}

# Puts the numbers of the GPUs that -i means into gpu[1..count]; returns count.
function pick(   n, parts, wanted, k, id) {
  count = 0
  wanted = split(tolower(select), parts, ",")
  for (n = 1; n <= read_gpus; n++) {
    if (select == "") { gpu[++count] = n; continue }
    for (k = 1; k <= wanted; k++) {
      id = parts[k]
      if (id ~ /^0000[0-9a-f][0-9a-f][0-9a-f][0-9a-f]:/) id = substr(id, 5)
      if (id == value[n, "index"] || id == value[n, "slot"] || id == tolower(value[n, "uuid"])) { gpu[++count] = n; break }
    }
  }
  return count
}

# Returns the rest of a text after its first words.
function after(text, words) {
  for (; words > 0; words--) sub(/^[^ ]* ?/, "", text)
  return text
}
function word(text, number,   parts) { split(text, parts, " "); return parts[number] }

# An address as nvidia-smi prints it: 8 digits of domain, upper case.
function address(n) { return "0000" toupper(value[n, "slot"]) }

# The colon stands in column 43, whatever the depth.
function line(depth, key, text) { printf "%-42s: %s\n", spaces(depth * 4) key, text }
function head(depth, key) { print spaces(depth * 4) key }
function spaces(width) { return sprintf("%" width "s", "") }

# A name in a narrow column.
function cut(text, width) { return length(text) > width ? substr(text, 1, width - 3) "..." : text }

function in_use(n,   k, fields, sum) {
  for (k = 1; k <= times[n, "vgpu"]; k++) { split(item[n, "vgpu", k], fields, " "); sum += fields[4] }
  return sum + 0
}

# How many of the GPU's vGPUs a VM has open.
function running(n,   k, sum) {
  for (k = 1; k <= times[n, "vgpu"]; k++) if (word(item[n, "vgpu", k], 7) == 1) sum++
  return sum + 0
}

function mig_word(n, which) {
  if (value[n, "mig-capable"] != 1) return "N/A"
  return value[n, which] == 1 ? "Enabled" : "Disabled"
}

# By the chip's number, which the device id begins with.
function architecture(device) {
  if (device ~ /^1[34567]/) return device ~ /^15|^1[67]/ ? "Pascal" : "Maxwell"
  if (device ~ /^1[bc]/) return "Pascal"
  if (device ~ /^1d[b-f]/) return "Volta"
  if (device ~ /^1[ef]|^21/) return "Turing"
  if (device ~ /^23/) return "Hopper"
  if (device ~ /^2[678]/) return "Ada Lovelace"
  if (device ~ /^2[9b-f]|^3[12]/) return "Blackwell"
  return "Ampere"
}
