# nvidia-smi vgpu. Form: sample-outputs/nvidia-smi-vgpu.host.txt
END {
  if (pick() == 0) { print "No devices were found"; exit 6 }
  print now
  print "+-----------------------------------------------------------------------------+"
  printf "| NVIDIA-SMI %-23sDriver Version: %-26s|\n", version, version
  print "|---------------------------------+------------------------------+------------+"
  print "| GPU  Name                       | Bus-Id                       | GPU-Util   |"
  print "|      vGPU ID     Name           | VM ID     VM Name            | vGPU-Util  |"
  print "|=================================+==============================+============|"
  for (k = 1; k <= count; k++) rows(gpu[k])
  print "+---------------------------------+------------------------------+------------+"
}

function rows(n,   k, fields) {
  printf "|%4d  %-26s | %-28s |   0%%       |\n", value[n, "index"], cut(value[n, "name"], 26), address(n)
  for (k = 1; k <= times[n, "vgpu"]; k++) {
    split(item[n, "vgpu", k], fields, " ")
    if (fields[7] != 1) continue
    printf "|      %-11s %-15s| %-8s %-19s |      0%%    |\n", fields[1], cut(type_name(n, fields[3]), 14),
      substr(fields[10], 1, 4) "...", cut(after(item[n, "vgpu", k], 10), 19)
  }
}

function type_name(n, id,   k) {
  for (k = 1; k <= times[n, "type"]; k++) if (word(item[n, "type", k], 1) == id) return after(item[n, "type", k], 2)
  return "?"
}
