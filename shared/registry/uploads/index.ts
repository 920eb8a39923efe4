export { uploadBlob } from './upload-blob.ts';
export { type Blob, UploadSession } from './upload-session.ts';
