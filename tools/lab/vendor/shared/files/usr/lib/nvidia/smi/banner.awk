# nvidia-smi without arguments. Form: sample-outputs/nvidia-smi.host.txt. Variables: cuda, and vgpu_label for the processes.
END {
  if (pick() == 0) { print "No devices were found"; exit 6 }
  edge = "+-----------------------------------------------------------------------------+"
  print now
  print edge
  printf "| NVIDIA-SMI %-13sDriver Version: %-13sCUDA Version: %-9s|\n", version, version, cuda
  print "|-------------------------------+----------------------+----------------------+"
  print "| GPU  Name        Persistence-M| Bus-Id        Disp.A | Volatile Uncorr. ECC |"
  print "| Fan  Temp  Perf  Pwr:Usage/Cap|         Memory-Usage | GPU-Util  Compute M. |"
  print "|                               |                      |               MIG M. |"
  print "|===============================+======================+======================|"
  for (k = 1; k <= count; k++) row(gpu[k])
  print ""
  print edge
  print "| Processes:                                                                  |"
  print "|  GPU   GI   CI        PID   Type   Process name                  GPU Memory |"
  print "|        ID   ID                                                   Usage      |"
  print "|=============================================================================|"
  for (k = 1; k <= count; k++) processes(gpu[k])
  if (!shown) print "|  No running processes found                                                 |"
  print edge
}

function row(n,   memory) {
  memory = in_use(n) "MiB / " value[n, "framebuffer-mib"] "MiB"
  printf "|%4d  %-18s  %-5s| %s Off | %20s |\n", value[n, "index"], cut(value[n, "name"], 18), "On", address(n), "0"
  printf "| N/A   41C    P8    18W / 150W | %20s |      0%%      Default |\n", memory
  printf "|                               |                      | %20s |\n", mig_word(n, "mig-now")
  print "+-------------------------------+----------------------+----------------------+"
}

function processes(n,   k, fields) {
  for (k = 1; k <= times[n, "vgpu"]; k++) {
    split(item[n, "vgpu", k], fields, " ")
    if (fields[7] != 1) continue
    shown++
    printf "|%5d%6s%5s%10d%7s   %-27s%10sMiB |\n", value[n, "index"], fields[6], "N/A", fields[8], "C+G", "vgpu", fields[4]
  }
}
