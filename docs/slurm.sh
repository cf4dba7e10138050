#!/bin/sh
# An array job for Slurm: each task is a shard of an exploration. Start it with
#   mkdir -p parts && sbatch --array=1-8 slurm.sh CASE KERNEL SEEDS
# in a directory that all nodes share. Each task writes parts/K.json.
#SBATCH --job-name=mplab
#SBATCH --cpus-per-task=1
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=parts/%a.log
set -u
part=parts/$SLURM_ARRAY_TASK_ID.json
# A task that is started again takes finished runs from the cache.
mplab explore "$1" --kernel "$2" --seeds "$3" --jobs "${SLURM_CPUS_PER_TASK:-1}" --cache cache \
    --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" --results "$part"
# A task succeeds if it wrote its part; the merge gives the verdict.
test -s "$part"
