# nvidia-smi -q. Forms: sample-outputs/nvidia-smi-q.host-*.txt. Variable: ecc, as in csv.awk.
END {
  if (pick() == 0) { print "No devices were found"; exit 6 }
  printf "\n==============NVSMI LOG==============\n\n"
  line(0, "Timestamp", now)
  line(0, "Driver Version", version)
  line(0, "CUDA Version", "Not Found")
  head(0, "vGPU Driver Capability")
  line(2, "Heterogenous Multi-vGPU", "Supported")
  print ""
  line(0, "Attached GPUs", read_gpus)
  for (k = 1; k <= count; k++) { device(gpu[k]); use(gpu[k]) }
}

function device(n,   sriov) {
  sriov = value[n, "total-vfs"] > 0
  print "GPU " address(n)
  line(1, "Product Name", value[n, "name"])
  line(1, "Product Brand", brand(value[n, "name"]))
  line(1, "Product Architecture", architecture(value[n, "device"]))
  line(1, "Display Mode", "Requested functionality has been deprecated")
  line(1, "Display Active", "Disabled")
  line(1, "Persistence Mode", "Enabled")
  head(1, "MIG Mode")
  line(2, "Current", mig_word(n, "mig-now"))
  line(2, "Pending", mig_word(n, "mig-next"))
  line(1, "GPU UUID", value[n, "uuid"])
  line(1, "Minor Number", value[n, "index"])
  head(1, "vGPU Device Capability")
  line(2, "Fractional Multi-vGPU", sriov ? "Supported" : "Not Supported")
  line(2, "Heterogeneous Time-Slice Profiles", sriov ? "Supported" : "Not Supported")
  line(2, "Heterogeneous Time-Slice Sizes", sriov ? "Supported" : "Not Supported")
  line(1, "GSP Firmware Version", "N/A")
  head(1, "GPU Virtualization Mode")
  line(2, "Virtualization Mode", "Host VGPU")
  line(2, "Host VGPU Mode", sriov ? "SR-IOV" : "Non SR-IOV")
  line(2, "vGPU Heterogeneous Mode", mixed(value[n, "mixed-size"]))
  pci(n)
}

function pci(n,   slot) {
  slot = toupper(value[n, "slot"])
  head(1, "PCI")
  line(2, "Bus", "0x" substr(slot, 6, 2))
  line(2, "Device", "0x" substr(slot, 9, 2))
  line(2, "Domain", "0x" substr(slot, 1, 4))
  line(2, "Device Id", "0x" toupper(value[n, "device"]) "10DE")
  line(2, "Bus Id", address(n))
  line(2, "Sub System Id", "0x" toupper(value[n, "subsystem"]) "10DE")
}

function use(n,   used, total) {
  used = in_use(n)
  total = value[n, "framebuffer-mib"]
  head(1, "FB Memory Usage")
  line(2, "Total", total " MiB")
  line(2, "Reserved", "0 MiB")
  line(2, "Used", used " MiB")
  line(2, "Free", total - used " MiB")
  head(1, "BAR1 Memory Usage")
  line(2, "Total", value[n, "bar1-mib"] " MiB")
  line(2, "Used", "2 MiB")
  line(2, "Free", value[n, "bar1-mib"] - 2 " MiB")
  line(1, "Compute Mode", "Default")
  head(1, "Ecc Mode")
  line(2, "Current", ecc_word(n, 2))
  line(2, "Pending", ecc_word(n, 3))
  if (running(n) == 0) line(1, "Processes", "None")
  else processes(n)
}

function processes(n,   k, fields) {
  head(1, "Processes")
  for (k = 1; k <= times[n, "vgpu"]; k++) {
    split(item[n, "vgpu", k], fields, " ")
    if (fields[7] != 1) continue
    line(2, "GPU instance ID", fields[6])
    line(2, "Compute instance ID", "N/A")
    line(2, "Process ID", fields[8])
    line(3, "Type", "C+G")
    line(3, "Name", "vgpu")
    line(3, "Used GPU Memory", fields[4] " MiB")
  }
}

function brand(name) {
  if (name ~ /^Tesla/) return "Tesla"
  return name ~ /RTX A|RTX 6000/ ? "NVIDIA RTX" : "NVIDIA"
}
function mixed(flag) { return flag == 1 ? "Enabled" : flag == 0 ? "Disabled" : "N/A" }
function ecc_word(n, field,   rows, parts, k) {
  rows = split(ecc, parts, ";")
  for (k = 1; k <= rows; k++) if (word(parts[k], 1) == value[n, "slot"]) return word(parts[k], field)
  return "N/A"
}
