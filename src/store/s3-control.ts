// The control plane: what goes through the SDK, and loads it.

export {putAcl} from './s3-acl.ts'
export {createBucket, deleteBucket} from './s3-bucket.ts'
export {copyInParts} from './s3-copy-parts.ts'
export {deleteMany} from './s3-delete-many.ts'
export {restore} from './s3-restore.ts'
export {abortUpload, copyPart, listParts} from './s3-upload-parts.ts'
