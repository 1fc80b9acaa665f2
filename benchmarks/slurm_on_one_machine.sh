#!/usr/bin/env bash
# A real Slurm on this one machine, for the tests of the queue: Debian's slurm-wlm and munge, run as
# root without systemd, with one partition 'main' that holds the machine's processors and memory.
#
#   benchmarks/slurm_on_one_machine.sh start|stop
set -euo pipefail

node=$(hostname -s)
state=/var/lib/vrs_slurm
config=/etc/slurm/slurm.conf

start() {
    if ! command -v slurmctld >/dev/null; then
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends slurm-wlm munge
    fi
    mkdir -p "$state/controller" "$state/node" /etc/slurm /run/munge
    [ -f /etc/munge/munge.key ] || mungekey --create
    chown -R munge: /etc/munge /run/munge /var/lib/munge /var/log/munge
    pgrep -x munged >/dev/null || runuser -u munge -- munged
    cat >"$config" <<CONFIG
ClusterName=one
SlurmctldHost=$node(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
StateSaveLocation=$state/controller
SlurmdSpoolDir=$state/node
SlurmctldPidFile=$state/slurmctld.pid
SlurmdPidFile=$state/slurmd.pid
SlurmctldLogFile=$state/slurmctld.log
SlurmdLogFile=$state/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=5
JobAcctGatherParams=OverMemoryKill
DefMemPerCPU=1000
MinJobAge=300
InactiveLimit=0
NodeName=$node NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$(($(awk '/MemTotal/ {print $2}' /proc/meminfo) / 1100))
PartitionName=main Nodes=$node Default=YES MaxTime=INFINITE State=UP
CONFIG
    pgrep -x slurmctld >/dev/null || slurmctld
    pgrep -x slurmd >/dev/null || slurmd
    for _ in $(seq 30); do
        if srun --quiet --time=1 true 2>/dev/null; then
            sinfo
            return
        fi
        sleep 1
    done
    echo "Slurm does not answer; see $state/*.log" >&2
    exit 1
}

stop() {
    for daemon in slurmd slurmctld; do
        if [ -f "$state/$daemon.pid" ]; then kill "$(cat "$state/$daemon.pid")" || true; fi
    done
}

case "${1:-}" in
    start) start ;;
    stop) stop ;;
    *) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
