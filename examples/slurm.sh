#!/bin/sh
# Pre-trains on two machines with four processes each: sbatch examples/slurm.sh. Untried: adapt it to your cluster.
#SBATCH --job-name=mixedae
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4
#SBATCH --cpus-per-task=8
#SBATCH --signal=TERM@120

# Two minutes before the time is up Slurm asks the processes to stop; they save, and the next job goes on.
if [ -e runs/photos/config.json ]; then
  srun --mpi=pmix npx mixedae resume runs/photos
else
  srun --mpi=pmix npx mixedae pretrain photos --out runs/photos --threads 8
fi
