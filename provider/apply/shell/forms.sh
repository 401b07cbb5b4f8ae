# The forms of values that come from programs, records and the kernel: one of another form is no part of a path or a record.
LC_ALL=C
is_text() { case $1 in '' | *[[:cntrl:]]*) return 1 ;; esac; } # one line
is_name() { case $1 in '' | . | .. | */* | *[!!-~]* | *[*?\\[]*) return 1 ;; esac; } # of a file in sysfs
is_number() { case $1 in '' | *[!0-9]* | ??????????*) return 1 ;; esac; }
is_uuid() { case $1 in *[!0-9a-f-]*) return 1 ;; *-*-*-*-*-*) return 1 ;; ????????-????-????-????-????????????) ;; *) return 1 ;; esac; }
is_address() { case $1 in *[!0-9a-f:.]*) return 1 ;; ????*:??:??.[0-7]) ;; *) return 1 ;; esac; } # of a PCI function
is_place() { # interface, what carries a vGPU so made
  case $1 in
    mdev-on-parent) is_name "$2" ;;
    mdev-on-[pv]f) is_address "$2" ;;
    vendor-vfio) is_address "$2" ;;
    *) return 1 ;;
  esac
}
is_type() { # interface, type; on a parent that is not NVIDIA's the name of a folder
  if [ "$1" = mdev-on-parent ]; then is_name "$2"; else is_text "$2"; fi
}
