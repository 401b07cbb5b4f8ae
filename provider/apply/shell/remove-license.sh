# Takes our license settings away and puts gridd.conf back as it was.
conf=/etc/nvidia/gridd.conf
kept=/var/lib/pulumi-vgpu/gridd.conf.before
none=/var/lib/pulumi-vgpu/gridd.conf.none
if [ -e "${kept%/*}" ] && ! own_folder "${kept%/*}"; then echo "$why" >&2; exit 1; fi
rm -f /etc/nvidia/ClientConfigToken/client_configuration_token_pulumi-vgpu.tok
if [ -f "$kept" ]; then mv "$kept" "$conf"; elif [ -e "$none" ]; then rm -f "$conf" "$none"; fi
may_start nvidia-gridd.service
systemctl try-restart nvidia-gridd.service >&2 || :
forget gridd
