// How a process finds out that it is one of several, and what it says where it cannot speak to the others.
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { readLaunch } from "#src/processes/launch.js";
import { programPath } from "../training/command-line.js";

test.each([
  [{}, undefined],
  [
    { OMPI_COMM_WORLD_SIZE: "4", OMPI_COMM_WORLD_RANK: "2" },
    { rank: 2, size: 4, flavour: "openmpi" },
  ],
  [
    { PMI_SIZE: "3", PMI_RANK: "0" },
    { rank: 0, size: 3, flavour: "mpich" },
  ],
  [
    { SLURM_STEP_NUM_TASKS: "8", SLURM_PROCID: "7" },
    { rank: 7, size: 8, flavour: undefined },
  ],
  // The script of a batch job, which srun did not start.
  [{ SLURM_NTASKS: "8", SLURM_PROCID: "0" }, undefined],
  [{ OMPI_COMM_WORLD_SIZE: "1", OMPI_COMM_WORLD_RANK: "0" }, undefined],
])("%j", (environment, expected) => {
  const launch = readLaunch(environment);
  expect(launch && { rank: launch.rank, size: launch.size, flavour: launch.flavour }).toEqual(expected);
});

function start(variables: NodeJS.ProcessEnv) {
  const args = [programPath, "pretrain", "images", "--out", "run"];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    env: { ...process.env, ...variables },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

test("under torchrun, it says how to start with mpirun", () => {
  expect(start({ WORLD_SIZE: "4", RANK: "0", LOCAL_RANK: "0" })).toEqual({
    status: 2,
    stdout: "",
    stderr:
      "error: Expected several processes to be started by MPI's launcher; found torchrun's variables WORLD_SIZE=4 and " +
      "RANK=0. Start them with: mpirun -n 4 mixedae pretrain images --out run\n",
  });
});

test("without MPI, it says what to install", () => {
  const { status, stderr } = start({
    OMPI_COMM_WORLD_SIZE: "2",
    OMPI_COMM_WORLD_RANK: "0",
    MIXEDAE_MPI_LIBRARY: "/nowhere/libmpi.so",
  });
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /^error: Expected the library of Open MPI, whose launcher started 2 processes; found none\. Install it/,
  );
});

test("without koffi, it says what to install", () => {
  const hook =
    'export const resolve = (name, context, next) => { if (name === "koffi") throw new Error("Cannot find package \'koffi\'"); return next(name, context); };';
  const load = `import { register } from "node:module"; register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hook)}`)});`;
  const { status, stderr } = start({
    PMI_SIZE: "2",
    PMI_RANK: "0",
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(load)}`,
  });
  expect(status).toBe(1);
  expect(stderr).toContain("error: Expected the package koffi, by which MPI is called, since PMI_SIZE=2 processes");
  expect(stderr).toContain("npm install koffi");
});
