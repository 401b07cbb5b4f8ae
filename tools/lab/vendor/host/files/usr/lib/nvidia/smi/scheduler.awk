# nvidia-smi vgpu -ss and -sc. Form: sample-outputs/nvidia-smi-vgpu-scheduler.txt. Variable: what.
BEGIN { policies[1] = "Best Effort"; policies[2] = "Equal Share"; policies[3] = "Fixed Share" }
END {
  if (pick() == 0) { print "No devices were found"; exit 6 }
  for (k = 1; k <= count; k++) { if (what == "caps") caps(gpu[k]); else state(gpu[k]) }
}

function state(n,   f) {
  split(value[n, "scheduler"], f, " ")
  print "GPU " address(n)
  line(1, "Active vGPUs", running(n))
  line(1, "Scheduler Policy", policies[f[1]])
  if (running(n) == 0) return
  line(1, "ARR Mode", f[2] == 1 ? "Enabled" : "Disabled")
  if (f[2] == 1) line(1, "Average Factor", f[3])
  line(1, "Time Slice(ns)", f[4] > 0 ? f[4] : 2083333)
}

function caps(n) {
  print "vGPU scheduler capabilities"
  line(1, "Supported Policies", policies[1])
  print spaces(44) policies[2]
  if (value[n, "mixed-size"] != 1) print spaces(44) policies[3]
  line(1, "ARR Mode", "Supported")
  head(1, "Supported Timeslice Range")
  line(2, "Maximum Timeslice", "30000000 ns")
  line(2, "Minimum Timeslice", "1000000 ns")
  head(1, "Supported Scheduling Frequency")
  line(2, "Maximum Frequency", "960")
  line(2, "Minimum Frequency", "63")
  head(1, "Supported ARR Averaging Factor")
  line(2, "Maximum Avg Factor", "60")
  line(2, "Minimum Avg Factor", "1")
}
