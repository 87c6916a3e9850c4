// What differs between the families of MPI libraries: names of files, and how they say "all processes" or "float".

/** A library's own word for something: an address or a number. */
export type Handle = number | bigint;

/** The words that a communicator needs. */
export interface Handles {
  readonly world: Handle;
  readonly float32: Handle;
  readonly float64: Handle;
  readonly int32: Handle;
  readonly byte: Handle;
  readonly sum: Handle;
  readonly max: Handle;
  /** In place of what is sent: the values are where the result will be. */
  readonly inPlace: bigint;
  /** In place of a status that nobody reads. */
  readonly noStatus: bigint;
}

/** A family of MPI libraries whose programs run with any of its members. */
export interface Flavour {
  readonly name: "openmpi" | "mpich";
  /** For messages. */
  readonly title: string;
  /** What the library says that it is. */
  readonly version: RegExp;
  /** The C type of handles. */
  readonly handleType: "int" | "intptr_t";
  /** Bytes of a request's handle. */
  readonly requestBytes: 4 | 8;
  readonly files: readonly string[];
  handles(symbol: (name: string) => bigint): Handles;
}

/** Handles are addresses of the library's variables. */
const openMpi: Flavour = {
  name: "openmpi",
  title: "Open MPI",
  version: /^Open MPI/,
  handleType: "intptr_t",
  requestBytes: 8,
  files: ["libmpi.so.40", "libmpi.so", "libmpi.so.80", "libmpi.40.dylib", "libmpi.dylib"],
  handles: (symbol) => ({
    world: symbol("ompi_mpi_comm_world"),
    float32: symbol("ompi_mpi_float"),
    float64: symbol("ompi_mpi_double"),
    int32: symbol("ompi_mpi_int"),
    byte: symbol("ompi_mpi_byte"),
    sum: symbol("ompi_mpi_op_sum"),
    max: symbol("ompi_mpi_op_max"),
    inPlace: 1n,
    noStatus: 0n,
  }),
};

/** Handles are numbers, the same in MPICH and all that keep to its ABI: Intel MPI, MVAPICH, Cray MPICH. */
const mpich: Flavour = {
  name: "mpich",
  title: "MPICH",
  version: /MPICH|MVAPICH|Intel\(R\) MPI/i,
  handleType: "int",
  requestBytes: 4,
  files: ["libmpich.so.12", "libmpi.so.12", "libmpi_cray.so.12", "libmpi.so", "libmpi.12.dylib", "libmpi.dylib"],
  handles: () => ({
    world: 0x44000000,
    float32: 0x4c00040a,
    float64: 0x4c00080b,
    int32: 0x4c000405,
    byte: 0x4c00010d,
    sum: 0x58000003,
    max: 0x58000001,
    inPlace: -1n,
    noStatus: 1n,
  }),
};

/** All that are known. */
export const flavours: readonly Flavour[] = [openMpi, mpich];
