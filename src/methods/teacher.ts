// The two encoders in a checkpoint of a method with a teacher: the teacher, which is the one to use, and the student.

/** What takes part in the distillation alone: the head, and what stands for hidden patches. */
const distillationOnly = /^(head\.|masked_embed$)/;

/** The tensors of one of them under the names of any encoder. Fixed positions belong to both. */
export function distilledEncoder<Value>(
  tensors: ReadonlyMap<string, Value>,
  teacherPrefix: string,
  which: "teacher" | "student",
): Map<string, Value> {
  const named = [...tensors].flatMap(([name, value]) => {
    const isTeachers = name.startsWith(teacherPrefix);
    if (name !== "pos_embed" && isTeachers !== (which === "teacher")) return [];
    return [[isTeachers ? name.slice(teacherPrefix.length) : name, value] as const];
  });
  return new Map(named.filter(([name]) => !distillationOnly.test(name)));
}
