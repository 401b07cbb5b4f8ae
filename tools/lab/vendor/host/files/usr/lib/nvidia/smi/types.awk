# nvidia-smi vgpu -s, -c, each with -v. Forms: sample-outputs/nvidia-smi-vgpu-s-v.*.txt. The type number is hexadecimal here.
# Read first, with table=1, is what nvidia-vgpud told the driver. Variables: what, verbose.
table == 1 { if ($1 == "type") known[++types] = $0; next }
table == 0 && FNR == 1 { table = "read" }

END {
  if (pick() == 0) { print "No devices were found"; exit 6 }
  for (k = 1; k <= count; k++) {
    print "GPU " address(gpu[k])
    for (t = 1; t <= types; t++) {
      split(known[t], f, " ")
      if (is_offered(gpu[k], f)) type(gpu[k], known[t], f)
    }
  }
}

# Columns: type ID DEVICE SUBSYSTEM FB GUEST-FB MAX HEADS RESOLUTION FRL CLASS SERIES MULTI PROFILE PER-GI LICENSE NAME
function is_offered(n, f,   k, fields) {
  if (f[3] != value[n, "device"] || (f[4] != "-" && f[4] != value[n, "subsystem"])) return 0
  if (what == "supported") return 1
  for (k = 1; k <= times[n, "type"]; k++) {
    split(item[n, "type", k], fields, " ")
    if (fields[1] == f[2]) return fields[2] > 0
  }
  return 0
}

function type(n, text, f,   size) {
  if (!verbose) { print spaces(4) after(text, 16); return }
  split(f[9], size, "x")
  line(1, "vGPU Type ID", sprintf("0x%x", f[2]))
  line(2, "Name", after(text, 16))
  line(2, "Class", f[11])
  line(2, "GPU Instance Profile ID", f[14] == "-" ? "N/A" : f[14])
  line(2, "Max Instances", f[7])
  line(2, "Max Instances Per VM", f[13] == 1 ? 16 : 1)
  line(2, "Max Instances Per GI", f[15] == "-" ? "N/A" : f[15])
  line(2, "Multi vGPU Exclusive", "False")
  line(2, "vGPU Exclusive Type", "False")
  line(2, "vGPU Exclusive Size", "False")
  line(2, "Device ID", "0x" f[3] "10de")
  line(2, "FB Memory", f[5] " MiB")
  line(2, "Display Heads", f[8])
  line(2, "Maximum X Resolution", size[1])
  line(2, "Maximum Y Resolution", size[2])
  line(2, "Frame Rate Limit", f[10] " FPS")
  line(2, "GRID License", f[16])
  if (value[n, "mixed-size"] == 1 && f[14] == "-") placements(n, f[5])
}

# A placement is a place of one GiB; a vGPU begins at multiples of its size.
function placements(n, mib,   size, places, at, list) {
  size = int((mib + 1023) / 1024)
  places = int(value[n, "framebuffer-mib"] / 1024)
  for (at = 0; at + size <= places; at += size) if (what == "supported" || is_free(n, at, size)) list = list " " at
  line(2, "Placement Size", size)
  line(2, what == "supported" ? "Supported Placement IDs" : "Creatable Placement IDs", substr(list, 2))
}

function is_free(n, at, size,   k, f, other) {
  for (k = 1; k <= times[n, "vgpu"]; k++) {
    split(item[n, "vgpu", k], f, " ")
    other = int((f[4] + 1023) / 1024)
    if (f[5] < at + size && at < f[5] + other) return 0
  }
  return 1
}
