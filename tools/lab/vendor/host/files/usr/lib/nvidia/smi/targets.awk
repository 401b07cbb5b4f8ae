# The GPUs that -i means, a line "SLOT ADDRESS INDEX" each.
END {
  pick()
  for (k = 1; k <= count; k++) print value[gpu[k], "slot"], address(gpu[k]), value[gpu[k], "index"]
}
