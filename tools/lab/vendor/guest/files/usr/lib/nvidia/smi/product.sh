# What a guest's vGPU is licensed as, by the series at the end of its type's name. Source: guests.md section 4
find_product() {
  for product in /proc/driver/nvidia/gpus/*/state; do
    type=$(sed -n 's/^name //p' "$product" 2>/dev/null)
    case $type in
      '') ;;
      *A) product="NVIDIA Virtual Applications"; return 0 ;;
      *B) product="NVIDIA Virtual PC"; return 0 ;;
      *C) product="NVIDIA Virtual Compute Server"; return 0 ;;
      *) product="NVIDIA RTX Virtual Workstation"; return 0 ;;
    esac
  done
  return 1
}
