# nvidia-smi vgpu -q: a vGPU is listed once a VM runs it. Forms: sample-outputs/nvidia-smi-vgpu-q.*.txt
END {
  if (pick() == 0) { print "No devices were found"; exit 6 }
  for (k = 1; k <= count; k++) {
    print "GPU " address(gpu[k])
    line(1, "Active vGPUs", running(gpu[k]))
    for (v = 1; v <= times[gpu[k], "vgpu"]; v++) vgpu(gpu[k], item[gpu[k], "vgpu", v])
  }
}

function vgpu(n, text,   f) {
  split(text, f, " ")
  if (f[7] != 1) return
  line(1, "vGPU ID", f[1])
  line(2, "VM UUID", f[10] == "-" ? "N/A" : f[10])
  line(2, "VM Name", after(text, 10) == "-" ? "N/A" : after(text, 10))
  line(2, "vGPU Name", type_name(n, f[3]))
  line(2, "vGPU Type", f[3])
  line(2, "vGPU UUID", vgpu_uuid(n, f[1]))
  if (f[9] != "-") line(2, "MDEV UUID", f[9])
  line(2, "Guest Driver Version", "N/A")
  line(2, "License Status", "N/A (Expiry: N/A)")
  line(2, "GPU Instance ID", f[6])
  line(2, "Placement ID", f[6] == "N/A" ? f[5] : "N/A")
  line(2, "Accounting Mode", "N/A")
  line(2, "ECC Mode", "Disabled")
  line(2, "Accounting Buffer Size", "4000")
  line(2, "Frame Rate Limit", "N/A")
  head(2, "PCI")
  line(3, "Bus Id", "00000000:00:00.0")
  head(2, "FB Memory Usage")
  line(3, "Total", f[4] " MiB")
  line(3, "Used", "0 MiB")
  line(3, "Free", f[4] " MiB")
  load()
}

function load() {
  head(2, "Utilization")
  line(3, "Gpu", "0 %")
  line(3, "Memory", "0 %")
  line(3, "Encoder", "0 %")
  line(3, "Decoder", "0 %")
  head(2, "Encoder Stats")
  stats()
  head(2, "FBC Stats")
  stats()
}

function stats() {
  line(3, "Active Sessions", "0")
  line(3, "Average FPS", "0")
  line(3, "Average Latency", "0")
}

# The GPU's, with the vGPU's number in place of its first eight digits.
function vgpu_uuid(n, number) { return sprintf("%08x", number % 4294967296) substr(value[n, "uuid"], 13) }

function type_name(n, id,   k) {
  for (k = 1; k <= times[n, "type"]; k++) if (word(item[n, "type", k], 1) == id) return after(item[n, "type", k], 2)
  return "?"
}
