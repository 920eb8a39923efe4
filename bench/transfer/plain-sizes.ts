/** As exports have them. */
export const BLOCK_BYTES = 8 * 1024 * 1024;
export const BLOCKS_AT_ONCE = 4;
export const RANGES_AT_ONCE = 6;
