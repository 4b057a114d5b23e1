// What S3 answers when it refuses: its codes, with their statuses and messages.
// Source: the S3 API reference, 'Error responses'.

const CODES = {
	AccessControlListNotSupported: [400, 'The bucket does not allow ACLs'],
	AccessDenied: [403, 'Access Denied'],
	AuthorizationHeaderMalformed: [400, 'The authorization header that you provided is not valid'],
	AuthorizationQueryParametersError: [400, 'The X-Amz parameters of the query are not valid'],
	BadDigest: [400, 'The Content-MD5 or checksum you specified did not match what we received'],
	BucketAlreadyExists: [409, 'The requested bucket name belongs to another account'],
	BucketAlreadyOwnedByYou: [409, 'You already own this bucket'],
	BucketNotEmpty: [409, 'The bucket you tried to delete is not empty'],
	EntityTooLarge: [400, 'Your proposed upload exceeds the maximum allowed size'],
	EntityTooSmall: [400, 'Your proposed upload is smaller than the minimum allowed size'],
	IncompleteBody: [400, 'You did not provide the number of bytes specified by the Content-Length header'],
	InternalError: [500, 'We encountered an internal error'],
	InvalidAccessKeyId: [403, 'The access key ID you provided does not exist in our records'],
	InvalidArgument: [400, 'Invalid argument'],
	InvalidBucketAclWithObjectOwnership: [400, 'The bucket cannot have ACLs with BucketOwnerEnforced'],
	InvalidBucketAclWithBlockPublicAccessError: [400, 'The bucket cannot have a public ACL'],
	InvalidBucketName: [400, 'The specified bucket is not valid'],
	InvalidBucketState: [409, 'The request is not valid with the current state of the bucket'],
	InvalidDigest: [400, 'The Content-MD5 you specified is not valid'],
	InvalidObjectState: [403, "The operation is not valid for the object's storage class"],
	InvalidPart: [400, 'One or more of the specified parts could not be found'],
	InvalidPartNumber: [416, 'The requested part number is not satisfiable'],
	InvalidPartOrder: [400, 'The list of parts was not in ascending order'],
	InvalidRange: [416, 'The requested range is not satisfiable'],
	InvalidRequest: [400, 'Invalid request'],
	InvalidStorageClass: [400, 'The storage class you specified is not valid'],
	InvalidTag: [400, 'The tag provided was not a valid tag'],
	InvalidURI: [400, 'The URI could not be parsed'],
	KeyTooLongError: [400, 'Your key is too long'],
	MalformedACLError: [400, 'The ACL was not well-formed or did not validate'],
	MalformedPolicy: [400, 'The policy is not well-formed'],
	MalformedTrailerError: [400, 'The trailer or chunk is not well-formed'],
	MalformedXML: [400, 'The XML you provided was not well-formed or did not validate'],
	MetadataTooLarge: [400, 'Your metadata headers exceed the maximum allowed metadata size'],
	MethodNotAllowed: [405, 'The specified method is not allowed against this resource'],
	MissingContentLength: [411, 'You must provide the Content-Length HTTP header'],
	NoSuchBucket: [404, 'The specified bucket does not exist'],
	NoSuchBucketPolicy: [404, 'The bucket policy does not exist'],
	NoSuchCORSConfiguration: [404, 'The CORS configuration does not exist'],
	NoSuchKey: [404, 'The specified key does not exist'],
	NoSuchLifecycleConfiguration: [404, 'The lifecycle configuration does not exist'],
	NoSuchPublicAccessBlockConfiguration: [404, 'The public access block configuration was not found'],
	NoSuchTagSet: [404, 'The TagSet does not exist'],
	NoSuchUpload: [404, 'The specified multipart upload does not exist'],
	NoSuchVersion: [404, 'The specified version does not exist'],
	NotImplemented: [501, 'A header or query you provided requests what is not implemented'],
	NotModified: [304, 'Not Modified'],
	OwnershipControlsNotFoundError: [404, 'The bucket ownership controls were not found'],
	PreconditionFailed: [412, 'At least one of the preconditions you specified did not hold'],
	RequestTimeTooSkewed: [403, "The difference between the request time and the server's time is too large"],
	RestoreAlreadyInProgress: [409, 'Object restore is already in progress'],
	SignatureDoesNotMatch: [403, 'The request signature we calculated does not match the one you provided'],
	TooManyBuckets: [400, 'You have attempted to create more buckets than allowed'],
	UnresolvableGrantByEmailAddress: [400, 'The e-mail address you provided does not match any account'],
	XAmzContentSHA256Mismatch: [400, "The provided 'x-amz-content-sha256' does not match what was computed"],
} as const satisfies Record<string, readonly [number, string]>

export type Code = keyof typeof CODES

/** A refusal: what the client gets as S3's error document. */
export class S3Error extends Error {
	override readonly name = 'S3Error'
	readonly code: Code
	readonly status: number
	/** Headers to answer with, beside the document. */
	readonly headers: Readonly<Record<string, string>>

	constructor(code: Code, message: string = CODES[code][1], headers: Record<string, string> = {}) {
		super(message)
		this.code = code
		this.status = CODES[code][0]
		this.headers = headers
	}
}
