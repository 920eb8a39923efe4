/** The metadata that ACR puts on the blobs it exports, and asks for on those that start an import. */
export const CATEGORY = { key: 'category', value: 'acr-transfer-blob' } as const;
