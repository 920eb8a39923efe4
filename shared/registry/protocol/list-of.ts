import * as z from 'zod';

/**
 * A list as registries send it, of any length. Reading ends at the first element that is wrong: zod alone notes what is
 * wrong with each, and millions of them take more memory than there is.
 */
export function listOf<T>(element: z.ZodType<T>): z.ZodType<T[]> {
  return z.array(z.unknown()).transform((values, context) => {
    const list: T[] = [];
    for (const value of values) {
      const { data, error } = element.safeParse(value);
      if (error) {
        context.addIssue({ code: 'custom', path: [list.length], message: 'is not what belongs there' });
        return z.NEVER;
      }
      list.push(data);
    }
    return list;
  });
}
