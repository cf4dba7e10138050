#!/bin/sh
# An array job for Slurm: each task is a shard of an exploration. It is started as
#   mkdir -p parts && sbatch --array=1-8 slurm.sh CASE KERNEL SEEDS
# in a directory that all nodes share. Each task leaves parts/K.json.
#SBATCH --job-name=mplab
#SBATCH --cpus-per-task=1
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=parts/%a.log
set -u
part=parts/$SLURM_ARRAY_TASK_ID.json
# A task that is started again takes from the cache what it has done before.
mplab explore "$1" --kernel "$2" --seeds "$3" --jobs "${SLURM_CPUS_PER_TASK:-1}" --cache cache \
    --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" --results "$part"
# The verdict is the merge's: a task has done its work if it left its part.
test -s "$part"
