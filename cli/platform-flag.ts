/** What `--platform` is followed by: one platform, or several with commas, as docker buildx takes them. */
export function platformFlag(text: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, ...text.split(',')];
}
