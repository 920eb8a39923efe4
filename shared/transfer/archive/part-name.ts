/** The name of a part of a split archive: `team/app.part-2-of-3.tar`. */
export function partName(
  archive: string,
  { number, of }: { readonly number: number; readonly of: number },
): string {
  const [, stem = archive, extension = ''] = /^(.*?)(\.tar)?$/is.exec(archive) ?? [];
  return `${stem}.part-${number}-of-${of}${extension}`;
}

/**
 * The names of all parts of the archive that a part belongs to, in order; `undefined` when this is not the
 * name of a part.
 */
export function namesOfParts(name: string): readonly string[] | undefined {
  const [, stem, number, of, extension = ''] =
    /^(.*)\.part-(\d{1,4})-of-(\d{1,4})(\.tar)?$/is.exec(name) ?? [];
  if (stem === undefined || Number(number) < 1 || Number(number) > Number(of)) return undefined;
  return Array.from({ length: Number(of) }, (_, at) =>
    partName(`${stem}${extension}`, { number: at + 1, of: Number(of) }),
  );
}
