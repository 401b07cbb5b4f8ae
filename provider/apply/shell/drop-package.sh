# Takes away a package in our folder whose content is not what its name says; the next look sees that it is not there.
hash=$1
run=/var/lib/pulumi-vgpu/packages/$hash.run
is_package "$run" "$hash" || rm -f "$run"
