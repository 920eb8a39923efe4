/** A tag as a listing has it. */
export interface ListedTag {
  readonly tag: string;
  /** When it was last moved, where the listing says. */
  readonly updatedAt?: Date | undefined;
}
