// The control plane: what goes through the SDK, and loads it.

export {getAcl, putAcl} from './s3-acl.ts'
export {bucketExists, createBucket, deleteBucket} from './s3-bucket.ts'
export {copy, copyInParts} from './s3-copy.ts'
export {deleteMany, deleteOne} from './s3-delete.ts'
export {restore} from './s3-restore.ts'
export {abortUpload, completeUpload, copyPart, createUpload, listParts, listUploads} from './s3-upload.ts'
