# nvidia-smi mig -lgip, -lgi, -lci. Forms: sample-outputs/mig.txt. Variable: what. Multiprocessors and engines of a
# profile are reckoned from its slices: the driver does not tell them.
END {
  pick()
  for (k = 1; k <= count; k++) if (value[gpu[k], "mig-now"] == 1) { enabled++; sum["lgi"] += times[gpu[k], "gpu-instance"]; sum["lci"] += times[gpu[k], "compute-instance"] }
  if (what == "lgi" && sum["lgi"] == 0) { print "No GPU instances found: Not Found"; exit 6 }
  if (what == "lci" && sum["lci"] == 0) { print "No compute instances found: Not Found"; exit 6 }
  top()
  for (k = 1; k <= count; k++) if (value[gpu[k], "mig-now"] == 1) rows(gpu[k])
}

function top() {
  if (what == "lgip") {
    edge = "+-----------------------------------------------------------------------------+"
    print edge
    print "| GPU instance profiles:                                                      |"
    print "| GPU   Name             ID    Instances   Memory     P2P    SM    DEC   ENC  |"
    print "|                              Free/Total   GiB              CE    JPEG  OFA  |"
    print "|=============================================================================|"
  } else if (what == "lgi") {
    edge = "+-------------------------------------------------------+"
    print edge
    print "| GPU instances:                                        |"
    print "| GPU   Name             Profile  Instance   Placement  |"
    print "|                          ID       ID       Start:Size |"
    print "|=======================================================|"
  } else {
    edge = "+--------------------------------------------------------------------+"
    print edge
    print "| Compute instances:                                                 |"
    print "| GPU     GPU       Name             Profile   Instance   Placement  |"
    print "|       Instance                       ID        ID       Start:Size |"
    print "|         ID                                                         |"
    print "|====================================================================|"
  }
}

function rows(n,   k, f) {
  if (what == "lgip") for (k = 1; k <= times[n, "gi-profile"]; k++) { split(item[n, "gi-profile", k], f, " "); profile(n, f) }
  if (what == "lgi") for (k = 1; k <= times[n, "gpu-instance"]; k++) {
    split(item[n, "gpu-instance", k], f, " ")
    printf "|%4d  MIG %-16s%2d%9d%13s     |\n%s\n", value[n, "index"], f[5], f[2], f[1], f[3] ":" f[4], edge
  }
  if (what == "lci") for (k = 1; k <= times[n, "compute-instance"]; k++) {
    split(item[n, "compute-instance", k], f, " ")
    printf "|%4d%7d       MIG %-16s%2d%10d%13s     |\n%s\n", value[n, "index"], f[1], instance_name(n, f[1]), 0, f[2], f[3] ":" f[4], edge
  }
}

# Columns: ID SLICES MEMORY-SLICES FREE TOTAL MIB NAME
function profile(n, f,   media, decoders) {
  media = f[7] ~ /\+me|\+gfx/ ? 1 : 0
  decoders = f[2] > 1 ? f[2] - 1 : media
  printf "|%4d  MIG %-12s%4d%8s        %-11sNo     %-7d%-6d%-4d|\n", value[n, "index"], f[7], f[1], f[4] "/" f[5],
    sprintf("%.2f", f[6] / 1024), 14 * f[2], decoders, 0
  printf "|%61s%-6d%-6d%-4d|\n%s\n", "", f[2], media, media, edge
}

function instance_name(n, id,   k, f) {
  for (k = 1; k <= times[n, "gpu-instance"]; k++) { split(item[n, "gpu-instance", k], f, " "); if (f[1] == id) return f[5] }
}
