# The images that a boot starts from. The tools may end with 0 and make none: so what they made is looked at.
image_marks() { # of each kernel's image: its name and what tells it from one that is made anew
  for kernel in /lib/modules/*; do
    for image in "/boot/initrd.img-${kernel##*/}" "/boot/initramfs-${kernel##*/}.img" "/boot/initrd-${kernel##*/}"; do
      if [ -e "$image" ]; then stat -c '%n %i %y %s' "$image"; fi
    done
  done
}
why_kept() { # leaves in $why what is known to keep images from being made
  why="the images are the old ones: $1"
  if grep -qs '^[[:space:]]*update_initramfs=no' /etc/initramfs-tools/update-initramfs.conf; then why="$why; update_initramfs=no in /etc/initramfs-tools/update-initramfs.conf"; fi
  if [ ! -w /boot ]; then why="$why; /boot cannot be written"; fi
}
rebuild_images() { # of every kernel, whichever the next boot starts; leaves the reason in $why
  before=$(image_marks)
  if command -v update-initramfs > /dev/null 2>&1; then update-initramfs -u -k all >&2 || { why="update-initramfs -u -k all failed"; return 1; }
  elif command -v dracut > /dev/null 2>&1; then dracut --regenerate-all --force >&2 || { why="dracut --regenerate-all --force failed"; return 1; }
  else why="neither update-initramfs nor dracut is here"; return 1; fi
  [ -n "$before" ] || return 0
  kept=$(image_marks | grep -F -x -e "$before" | cut -d ' ' -f 1 | tr '\n' ' ')
  [ -n "$kept" ] || return 0
  why_kept "$kept"
  return 1
}
