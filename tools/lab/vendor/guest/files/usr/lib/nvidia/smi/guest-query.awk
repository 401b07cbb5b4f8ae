# nvidia-smi -q in a guest. Form: sample-outputs/nvidia-smi-q.guest-licensed.txt. Variables: cuda, license.
END {
  if (pick() == 0) { print "No devices were found"; exit 6 }
  printf "\n==============NVSMI LOG==============\n\n"
  line(0, "Timestamp", now)
  line(0, "Driver Version", version)
  line(0, "CUDA Version", cuda)
  print ""
  line(0, "Attached GPUs", read_gpus)
  for (k = 1; k <= count; k++) vgpu(gpu[k], product(value[gpu[k], "name"]))
}

function vgpu(n, licensed_as) {
  print "GPU " address(n)
  line(1, "Product Name", value[n, "name"])
  line(1, "Product Brand", licensed_as)
  line(1, "Product Architecture", architecture(value[n, "device"]))
  line(1, "Display Mode", "Enabled")
  line(1, "Display Active", "Disabled")
  line(1, "Persistence Mode", "Enabled")
  head(1, "MIG Mode")
  line(2, "Current", "Disabled")
  line(2, "Pending", "Disabled")
  line(1, "GPU UUID", value[n, "uuid"])
  line(1, "Minor Number", value[n, "index"])
  line(1, "VBIOS Version", "00.00.00.00.00")
  line(1, "GSP Firmware Version", "N/A")
  head(1, "GPU Virtualization Mode")
  line(2, "Virtualization Mode", "VGPU")
  line(2, "Host VGPU Mode", "N/A")
  head(1, "vGPU Software Licensed Product")
  line(2, "Product Name", licensed_as)
  line(2, "License Status", license)
  head(1, "FB Memory Usage")
  line(2, "Total", value[n, "framebuffer-mib"] " MiB")
  line(2, "Reserved", "0 MiB")
  line(2, "Used", "0 MiB")
  line(2, "Free", value[n, "framebuffer-mib"] " MiB")
}

# As product.sh says it.
function product(name) {
  if (name ~ /A$/) return "NVIDIA Virtual Applications"
  if (name ~ /B$/) return "NVIDIA Virtual PC"
  if (name ~ /C$/) return "NVIDIA Virtual Compute Server"
  return "NVIDIA RTX Virtual Workstation"
}
