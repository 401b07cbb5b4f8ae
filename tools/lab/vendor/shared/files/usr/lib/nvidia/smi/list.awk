# nvidia-smi -L: GPUs, and the compute instances on them.
END {
  if (pick() == 0) { print "No devices found."; exit 6 }
  for (k = 1; k <= count; k++) {
    n = gpu[k]
    printf "GPU %d: %s (UUID: %s)\n", value[n, "index"], value[n, "name"], value[n, "uuid"]
    for (c = 1; c <= times[n, "compute-instance"]; c++) {
      split(item[n, "compute-instance", c], ci, " ")
      printf "  MIG %-15s Device %2d: (UUID: MIG-%s)\n", profile_of(n, ci[1]), c - 1, uuid_of(n, ci[1], ci[2])
    }
  }
}

function profile_of(n, instance,   k) {
  for (k = 1; k <= times[n, "gpu-instance"]; k++) {
    if (word(item[n, "gpu-instance", k], 1) == instance) return after(item[n, "gpu-instance", k], 4)
  }
}

# The GPU's, with the numbers of the instances in place of its last digits.
function uuid_of(n, instance, compute) {
  return substr(value[n, "uuid"], 5, 28) sprintf("%06x%02x", instance, compute)
}
