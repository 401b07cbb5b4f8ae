# The kernel modules: built for one kernel, by DKMS or by its build system alone.
source_folder=/usr/src/nvidia-$version

# Without anything changed on the disk. To branch 515 DKMS does it alone, later.
build_modules() {
  if [ "$branch" -le 515 ] && [ "$dkms" = yes ]; then return 0; fi
  say "-> Building the kernel modules of NVIDIA driver $version for kernel $kernel"
  work=$(mktemp -d)
  cp -R "$here/kernel/." "$work"
  quietly make -C "$kernel_source" "M=$work" "FLAVOUR=$flavour" modules ||
    refuse "An error occurred while performing the step: \"Building kernel modules\". The last lines of the compiler: $(tail -n 5 "$log")"
}

wants_dkms() {
  case $dkms in yes) return 0 ;; no) return 1 ;; esac
  [ "$branch" -ge 520 ] && command -v dkms > /dev/null 2>&1
}

register_with_dkms() {
  command -v dkms > /dev/null 2>&1 || return 1
  if [ -d "/var/lib/dkms/nvidia/$version" ]; then quietly dkms remove -m nvidia -v "$version" --all; fi
  put_tree "$here/kernel" "$source_folder"
  if [ -n "$secret_key" ]; then
    put_folder /etc/dkms/framework.conf.d
    note "file /etc/dkms/framework.conf.d/nvidia-signing.conf"
    printf 'mok_signing_key=%s\nmok_certificate=%s\n' "$secret_key" "$public_key" > /etc/dkms/framework.conf.d/nvidia-signing.conf
  fi
  quietly dkms add -m nvidia -v "$version" || return 1
  quietly dkms build -m nvidia -v "$version" -k "$kernel" || {
    cat "/var/lib/dkms/nvidia/$version/build/make.log" >> "$log" 2>/dev/null
    return 1
  }
  quietly dkms install --force -m nvidia -v "$version" -k "$kernel"
}

# From branch 520 a registration that fails is only warned of: what was built before is put there without DKMS.
put_modules() {
  if fault_is no-module; then return; fi
  if wants_dkms; then
    register_with_dkms && return
    [ "$branch" -ge 520 ] || refuse "Failed to install the kernel module through DKMS. No kernel module was installed."
    if [ -d "/var/lib/dkms/nvidia/$version" ]; then quietly dkms remove -m nvidia -v "$version" --all; fi
    warn "Failed to register the NVIDIA kernel modules with DKMS."
  fi
  for module in $modules; do
    if [ -n "$secret_key" ]; then
      quietly "$kernel_source/scripts/sign-file" sha256 "$secret_key" "$public_key" "$work/$module.ko" || refuse "The module $module could not be signed; see the log."
    fi
    put_file "$work/$module.ko" "/lib/modules/$kernel/kernel/drivers/video/$module.ko"
  done
  rm -rf "$work"
  work=
  quietly depmod "$kernel" || refuse "depmod failed; see the log."
}

take_modules_away() {
  if [ -d "/var/lib/dkms/nvidia/$version" ]; then quietly dkms remove -m nvidia -v "$version" --all; fi
  [ -z "${work:-}" ] || rm -rf "$work"
}

module_loaded() { [ -d "/sys/module/$(printf '%s' "$1" | tr - _)" ]; }

# The modules that are loaded last come first. Leaves in $busy the one that stays.
unload_modules() {
  for module in nvidia-vgpu-vfio nvidia-uvm nvidia-drm nvidia-modeset nvidia; do
    module_loaded "$module" || continue
    busy=$module
    quietly rmmod "$module" || return 1
  done
}

load_modules() {
  [ "$load" = yes ] && [ "$kernel" = "$(uname -r)" ] || return 0
  if fault_is no-module; then return; fi
  for module in $modules; do
    module_loaded "$module" && continue
    quietly modprobe "$module" && continue
    case $module in nvidia) ;; *) continue ;; esac
    dmesg | tail -n 15 >> "$log"
    refuse "Unable to load the kernel module 'nvidia.ko'.  This happens most frequently when it was built against the wrong or improperly configured kernel headers, or when another driver has the devices; see the kernel's messages in the log."
  done
}
