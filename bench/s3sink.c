// s3sink.c - a benchmark-only S3 endpoint: one thread that answers, two that take the MD5 of large bodies, epoll, everything in memory, no authentication, no ACLs (which it says as AWS does: BucketOwnerEnforced).
// It exists so that the client under test, not the server, is what a benchmark measures.
//   s3sink PORT [-l MS]  a long way: each reply leaves so much after its request came, whatever was asked meanwhile
//               [-t MS]  a store that takes its time: so much for each reply, and what else came on that connection waits
//               [-q] no MD5 (ETag is a counter)   [-v] print requests
//               [-n BUCKET:COUNT]  a bucket that holds COUNT empty objects from the start
//               [-m MIB]  memory that is touched before the first request and used again, so that none of it is new while clients are measured
//               [-c]  on SIGUSR1, print what was counted since the last time as one JSON line
// PORT 0 is a free port; the line `ready http://127.0.0.1:PORT` says which.
// Knows: ListBuckets, Create/Head/DeleteBucket, ListObjects(V2), Put/Get/Head/Delete/CopyObject, DeleteObjects,
// multipart incl. UploadPartCopy with a range, If-Match/If-None-Match, Range, aws-chunked and chunked bodies.
// gcc -O2 -march=native -pthread -o s3sink s3sink.c
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
typedef uint8_t u8; typedef uint32_t u32; typedef uint64_t u64;
// ---- MD5 (RFC 1321)
typedef struct { u32 h[4]; u64 n; u8 b[64]; } Md5;
static const u8 RS[16] = {7,12,17,22,5,9,14,20,4,11,16,23,6,10,15,21};
static u32 K[64];
#define UNROLL _Pragma("GCC unroll 16")
#define R(F, g, s, i) { t = a + (F) + K[i] + w[g]; a = d; d = c; c = b; b += t << (s) | t >> (32 - (s)); }
#define ROUNDS \
  UNROLL for (int i = 0; i < 16; i++) R(d ^ (b & (c ^ d)), i, RS[i & 3], i) \
  UNROLL for (int i = 16; i < 32; i++) R(c ^ (d & (b ^ c)), (5 * i + 1) & 15, RS[4 + (i & 3)], i) \
  UNROLL for (int i = 32; i < 48; i++) R(b ^ c ^ d, (3 * i + 5) & 15, RS[8 + (i & 3)], i) \
  UNROLL for (int i = 48; i < 64; i++) R(c ^ (b | ~d), (7 * i) & 15, RS[12 + (i & 3)], i)
static void md5_blk(u32 *h, const u8 *p) {
  u32 a = h[0], b = h[1], c = h[2], d = h[3], t, w[16]; memcpy(w, p, 64);
  ROUNDS
  h[0] += a; h[1] += b; h[2] += c; h[3] += d;
}
static void md5_init(Md5 *m) { m->h[0] = 0x67452301; m->h[1] = 0xefcdab89; m->h[2] = 0x98badcfe; m->h[3] = 0x10325476; m->n = 0; }
static void md5_add(Md5 *m, const void *v, size_t n) {
  const u8 *p = v; size_t o = m->n & 63; m->n += n;
  if (o) { size_t k = 64 - o; if (k > n) k = n; memcpy(m->b + o, p, k); p += k; n -= k; if (o + k < 64) return; md5_blk(m->h, m->b); }
  for (; n >= 64; p += 64, n -= 64) md5_blk(m->h, p);
  memcpy(m->b, p, n);
}
static void md5_end(Md5 *m, u8 *out) { u64 bits = m->n * 8; u8 z = 0x80; md5_add(m, &z, 1); z = 0; while ((m->n & 63) != 56) md5_add(m, &z, 1); md5_add(m, &bits, 8); memcpy(out, m->h, 16); }
// the next blocks of as many messages as there are lanes: each step of one waits for the one before, those of others need not
#ifdef __AVX512F__
enum { LANES = 16 };
#else
enum { LANES = 8 };
#endif
typedef u32 Lanes __attribute__((vector_size(4 * LANES)));
static void words(Lanes *w, const u8 *const *p, size_t at) { // word i of the block of each lane
#ifdef __AVX512F__ // its blocks as rows, halves of which are interleaved as often as takes each word to its place
  Lanes low, high, t[LANES]; for (int l = 0; l < LANES; l++) { low[l] = l / 2 + l % 2 * LANES; high[l] = low[l] + LANES / 2; memcpy(&w[l], p[l] + at, sizeof *w); }
  for (int n = 1; n < LANES; n *= 2) { UNROLL for (int i = 0; i < LANES; i++) t[i] = __builtin_shuffle(w[i / 2], w[i / 2 + LANES / 2], i % 2 ? high : low); memcpy(w, t, sizeof t); }
#else
  for (int i = 0; i < 16; i++) for (int l = 0; l < LANES; l++) { u32 x; memcpy(&x, p[l] + at + 4 * i, 4); w[i][l] = x; }
#endif
}
static void md5_lanes(Md5 *m, const u8 *const *p, size_t blocks) {
  Lanes h[4]; for (int j = 0; j < 4; j++) for (int l = 0; l < LANES; l++) h[j][l] = m[l].h[j];
  for (size_t k = 0; k < blocks; k++) {
    Lanes a = h[0], b = h[1], c = h[2], d = h[3], t, w[16]; words(w, p, 64 * k);
    ROUNDS
    h[0] += a; h[1] += b; h[2] += c; h[3] += d;
  }
  for (int l = 0; l < LANES; l++) { m[l].n += 64 * blocks; for (int j = 0; j < 4; j++) m[l].h[j] = h[j][l]; }
}
static void tohex(const u8 *p, char *o) { for (int i = 0; i < 16; i++) { *o++ = "0123456789abcdef"[p[i] >> 4]; *o++ = "0123456789abcdef"[p[i] & 15]; } *o = 0; }
// ---- growable buffer
typedef struct { char *p; size_t n, cap; } Buf;
static void need(Buf *b, size_t k) { if (b->n + k > b->cap) { b->cap = (b->n + k) * 3 / 2 + 256; b->p = realloc(b->p, b->cap); if (!b->p) abort(); } }
static void fit(Buf *b, size_t k) { if (b->n + k > b->cap) { b->cap = b->n + k; b->p = realloc(b->p, b->cap); if (!b->p) abort(); } } // what does not grow
static void add(Buf *b, const void *s, size_t n) { need(b, n); memcpy(b->p + b->n, s, n); b->n += n; }
static void adds(Buf *b, const char *s) { add(b, s, strlen(s)); }
__attribute__((format(printf, 2, 3))) static void addf(Buf *b, const char *f, ...) {
  va_list a; need(b, 512); va_start(a, f); int k = vsnprintf(b->p + b->n, b->cap - b->n, f, a); va_end(a);
  if (b->n + k >= b->cap) { need(b, k + 1); va_start(a, f); vsnprintf(b->p + b->n, b->cap - b->n, f, a); va_end(a); }
  b->n += k;
}
// ---- store
typedef struct Blob { char *p; size_t n; int ref; struct Blob **part; } Blob; // `part`: what it is put together from, up to a null; then there is no `p`
typedef struct Obj { struct Obj *next; Blob *d; char *meta; char etag[48]; time_t t; u32 hash; int klen; char key[]; } Obj;
typedef struct Part { Blob *d; u8 md5[16]; } Part;
typedef struct Up { struct Up *next; char id[24], *key, *meta; Part *part; int n; } Up;
typedef struct Bucket { struct Bucket *next; char name[80]; Obj **tab, **ord; size_t cnt, tabn, ordn, ordcap; int dirty; Up *ups; } Bucket;
static Bucket *buckets; static u64 seq; static int lat_ms, in_turn, no_md5, verbose;
static void blob_put(Blob *b) { if (b && --b->ref == 0) { for (Blob **q = b->part; q && *q; q++) blob_put(*q); free(b->part); free(b->p); free(b); } }
static Blob *blob_new(char *p, size_t n) { Blob *b = calloc(1, sizeof *b); b->p = p; b->n = n; b->ref = 1; return b; }
static char *blob_at(Blob *b, size_t at, size_t *k) { // where a byte lies, and how many do from there on in a row
  if (b->part) for (Blob **q = b->part;; at -= (*q++)->n) if (at < (*q)->n) return blob_at(*q, at, k);
  *k = b->n - at; return b->p + at;
}
static void blob_copy(char *to, Blob *b, size_t at, size_t n) { for (size_t k; n; to += k, at += k, n -= k) { char *p = blob_at(b, at, &k); if (k > n) k = n; memcpy(to, p, k); } }
static Bucket *bucket_make(const char *n) { Bucket *b = calloc(1, sizeof *b); snprintf(b->name, sizeof b->name, "%s", n); b->tabn = 1024; b->tab = calloc(b->tabn, sizeof *b->tab); b->next = buckets; return buckets = b; }
static u32 hash(const char *s, int n) { u32 h = 2166136261u; while (n--) h = (h ^ (u8)*s++) * 16777619u; return h; }
static Bucket *bucket(const char *n) { for (Bucket *b = buckets; b; b = b->next) if (!strcmp(b->name, n)) return b; return 0; }
static Obj **slot(Bucket *b, const char *k, int n) { u32 h = hash(k, n); Obj **o = &b->tab[h & (b->tabn - 1)]; while (*o && ((*o)->hash != h || (*o)->klen != n || memcmp((*o)->key, k, n))) o = &(*o)->next; return o; }
static Obj *lookup(Bucket *b, const char *k, int n) { return *slot(b, k, n); }
static Obj *obj_make(Bucket *b, const char *k, int n) {
  Obj **s = slot(b, k, n); if (*s) return *s;
  if (b->cnt > b->tabn) { size_t m = b->tabn * 4; Obj **t = calloc(m, sizeof *t); for (size_t i = 0; i < b->tabn; i++) for (Obj *o = b->tab[i], *x; o; o = x) { x = o->next; o->next = t[o->hash & (m - 1)]; t[o->hash & (m - 1)] = o; } free(b->tab); b->tab = t; b->tabn = m; s = slot(b, k, n); }
  Obj *o = calloc(1, sizeof *o + n + 1); memcpy(o->key, k, n); o->klen = n; o->hash = hash(k, n); *s = o; b->cnt++;
  if (b->ordn == b->ordcap) { b->ordcap = b->ordcap * 2 + 1024; b->ord = realloc(b->ord, b->ordcap * sizeof *b->ord); }
  b->ord[b->ordn++] = o; b->dirty = 1; return o;
}
static int kcmp(const char *a, int an, const char *c, int cn) { int r = memcmp(a, c, an < cn ? an : cn); return r ? r : an - cn; }
static int ocmp(const void *a, const void *c) { const Obj *x = *(Obj **)a, *y = *(Obj **)c; return kcmp(x->key, x->klen, y->key, y->klen); }
static void obj_del(Bucket *b, const char *k, int n) {
  Obj **s = slot(b, k, n), *o = *s; if (!o) return; *s = o->next; b->cnt--;
  for (size_t i = 0; i < b->ordn; i++) if (b->ord[i] == o) { b->ord[i] = b->ord[--b->ordn]; b->dirty = 1; break; } // fine for benchmarks
  blob_put(o->d); free(o->meta); free(o);
}
static size_t lower(Bucket *b, const char *k, int n, int after) { // first index >= k (or > k)
  size_t lo = 0, hi = b->ordn; while (lo < hi) { size_t m = (lo + hi) / 2; int r = kcmp(b->ord[m]->key, b->ord[m]->klen, k, n); if (r < 0 || (after && !r)) lo = m + 1; else hi = m; } return lo;
}
// ---- connection and request
enum { HEAD_, BODY, CHUNKLEN, CHUNK, TRAILER, DONE };
typedef struct Conn {
  int fd, st, closing, head_only, writing, owed, busy, gone; struct Conn *qnext; u64 sent, may; // owed: replies that wait; busy: its MD5 is being taken; may: so much of all that is sent
  Buf in, body, raw, out; size_t ipos, left; Blob *send; size_t soff, send_end, opos;
  char m[8], *path, *query; int plen; char bname[80], *key; int klen;
  Buf meta; char *range, *inm, *im, *copy, *crange, *dir; int chunked, awsch, keep, hashed, coming; u8 md5[16];
} Conn;
static int ep;
static int unhex(int c) { return c <= '9' ? c - '0' : (c | 32) - 'a' + 10; }
static int pct(char *d, const char *s, int n, int plus) { int o = 0; for (int i = 0; i < n; i++) if (s[i] == '%' && i + 2 < n + 0 + 1 && i + 2 <= n - 1 + 0) { d[o++] = unhex(s[i + 1]) << 4 | unhex(s[i + 2]); i += 2; } else d[o++] = plus && s[i] == '+' ? ' ' : s[i]; d[o] = 0; return o; }
static int qarg(Conn *c, const char *name, char *out, int cap) { // value length or -1
  size_t n = strlen(name); for (const char *q = c->query; q && *q;) { const char *e = strchrnul(q, '&'); if (!strncmp(q, name, n) && (q[n] == '=' || q + n == e)) { if (q + n == e) { *out = 0; return 0; } int l = e - q - n - 1; if (l >= cap) l = cap - 1; return pct(out, q + n + 1, l, 1); } q = *e ? e + 1 : e; } return -1;
}
static void xml(Buf *b, const char *s, int n, int url) {
  for (int i = 0; i < n; i++) { u8 ch = s[i];
    if (url) { if ((ch >= '0' && ch <= '9') || (ch >= 'A' && ch <= 'Z') || (ch >= 'a' && ch <= 'z') || strchr("-_./~", ch)) add(b, &ch, 1); else addf(b, "%%%02X", ch); }
    else if (ch == '<') adds(b, "&lt;"); else if (ch == '>') adds(b, "&gt;"); else if (ch == '&') adds(b, "&amp;"); else if (ch < 32 && ch != '\t') addf(b, "&#%d;", ch); else add(b, &ch, 1); }
}
static void http_date(char *o, time_t t) { struct tm tm; gmtime_r(&t, &tm); strftime(o, 64, "%a, %d %b %Y %H:%M:%S GMT", &tm); }
static void iso(char *o, time_t t) { static time_t lt; static char ls[40]; if (t != lt) { struct tm tm; gmtime_r(&t, &tm); strftime(ls, 40, "%Y-%m-%dT%H:%M:%S.000Z", &tm); lt = t; } strcpy(o, ls); }
// ---- the MD5 of bodies: of large ones by threads, for one that answers and hashes would be the slowest part of a large upload; those together that wait together
static void hash_all(Conn *const *of, int n) {
  Md5 m[LANES], t[LANES]; const u8 *p[LANES]; for (int i = 0; i < n; i++) md5_init(&m[i]);
  for (;;) { // as far as the shortest goes of those that are not at their end
    int left = 0, at[LANES]; size_t least = ~0ul; for (int i = 0; i < n; i++) { size_t k = (of[i]->body.n - m[i].n) / 64; if (k) { at[left++] = i; if (k < least) least = k; } }
    if (left < 2) break;
    for (int l = 0; l < LANES; l++) { int i = at[l < left ? l : 0]; t[l] = m[i]; p[l] = (u8 *)of[i]->body.p + m[i].n; }
    md5_lanes(t, p, least); for (int l = 0; l < left; l++) m[at[l]] = t[l];
  }
  for (int i = 0; i < n; i++) { md5_add(&m[i], of[i]->body.p + m[i].n, of[i]->body.n - m[i].n); md5_end(&m[i], of[i]->md5); }
}
enum { LARGE = 1 << 20, HASHERS = 2, PATIENCE = 10000000 };
static struct { pthread_mutex_t lock; pthread_cond_t more; Conn *todo, *done; int here, coming, fd; } hashing = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0, 0, -1}; // `coming`: large bodies that arrive
static void coming(Conn *c, int is) { if (c->coming == is) return; c->coming = is; pthread_mutex_lock(&hashing.lock); hashing.coming += is ? 1 : -1; pthread_mutex_unlock(&hashing.lock); }
static void await_some(void) { // one alone takes as long as all lanes: it waits for others, as long as more arrive than are here, and 10 ms at most
  while (!hashing.todo) pthread_cond_wait(&hashing.more, &hashing.lock);
  struct timespec t; clock_gettime(CLOCK_REALTIME, &t); if ((t.tv_nsec += PATIENCE) >= 1000000000) { t.tv_nsec -= 1000000000; t.tv_sec++; }
  while (hashing.here < LANES && hashing.here < hashing.coming && !pthread_cond_timedwait(&hashing.more, &hashing.lock, &t));
}
static void *hasher(void *x) {
  for (u64 one = 1;;) { Conn *of[LANES]; int n = 0;
    pthread_mutex_lock(&hashing.lock); await_some(); for (; hashing.todo && n < LANES; hashing.todo = hashing.todo->qnext, hashing.here--) of[n++] = hashing.todo; pthread_mutex_unlock(&hashing.lock);
    hash_all(of, n);
    pthread_mutex_lock(&hashing.lock); for (int i = 0; i < n; i++) { of[i]->qnext = hashing.done; hashing.done = of[i]; } pthread_mutex_unlock(&hashing.lock); if (write(hashing.fd, &one, 8) < 0) return x; }
}
static void to_hasher(Conn *c) { coming(c, 0); pthread_mutex_lock(&hashing.lock); c->qnext = hashing.todo; hashing.todo = c; hashing.here++; pthread_cond_signal(&hashing.more); pthread_mutex_unlock(&hashing.lock); }
static Conn *hashed(void) { u64 n; if (read(hashing.fd, &n, 8) < 0) return 0; pthread_mutex_lock(&hashing.lock); Conn *c = hashing.done; hashing.done = 0; pthread_mutex_unlock(&hashing.lock); return c; }
enum { SMALL = 1 << 10 };
static struct { Conn *of[LANES]; int n; } few; static void has_md5(Conn *c);
static void hash_few(void) { Conn *of[LANES]; int n = few.n; few.n = 0; memcpy(of, few.of, sizeof of); hash_all(of, n); for (int i = 0; i < n; i++) has_md5(of[i]); }
// ---- counters
static const char *const KINDS[] = {"PutObject", "UploadPart", "CreateMultipartUpload", "CompleteMultipartUpload", "CopyObject", "UploadPartCopy", "GetObject", "HeadObject", "DeleteObject", "DeleteObjects", "ListObjects", "acl", "bucket", "other"};
enum { PUT_, PART, CREATE, COMPLETE, COPY, PARTCOPY, GET_, OBJHEAD, DEL, DELS, LIST, ACL, BUCKET, OTHER, NKINDS };
static struct { u64 kind[NKINDS], refused, in, out, accepted, most; double cpu; } seen; static u64 nconn; static volatile sig_atomic_t asked; static int counts;
static void ask(int s) { (void)s; asked = 1; }
static double cpu_now(void) { struct rusage r; getrusage(RUSAGE_THREAD, &r); return r.ru_utime.tv_sec + r.ru_stime.tv_sec + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6; }
static int kind_of(Conn *c) {
  char a[64]; int put = !strcmp(c->m, "PUT"), head = !strcmp(c->m, "HEAD"), get = !strcmp(c->m, "GET"), post = !strcmp(c->m, "POST"), up = qarg(c, "uploadId", a, 64) > 0;
  if (qarg(c, "acl", a, 8) >= 0) return ACL;
  if (!c->klen) return post && qarg(c, "delete", a, 9) >= 0 ? DELS : get && c->bname[0] && qarg(c, "ownershipControls", a, 9) < 0 && qarg(c, "location", a, 9) < 0 && qarg(c, "uploads", a, 9) < 0 && qarg(c, "versioning", a, 9) < 0 ? LIST : BUCKET;
  if (post) return up ? COMPLETE : qarg(c, "uploads", a, 9) >= 0 ? CREATE : OTHER;
  if (put) return up ? c->copy ? PARTCOPY : PART : c->copy ? COPY : qarg(c, "tagging", a, 9) >= 0 ? OTHER : PUT_;
  return up ? OTHER : get ? GET_ : head ? OBJHEAD : DEL;
}
static void tell(void) {
  u64 n = 0, bytes = 0; for (Bucket *b = buckets; b; b = b->next) { n += b->cnt; for (size_t i = 0; i < b->ordn; i++) bytes += b->ord[i]->d->n; }
  double cpu = cpu_now(); const char *sep = ""; printf("{\"requests\":{");
  for (int i = 0; i < NKINDS; i++) if (seen.kind[i]) { printf("%s\"%s\":%llu", sep, KINDS[i], (unsigned long long)seen.kind[i]); sep = ","; }
  printf("},\"refused\":%llu,\"in\":%llu,\"out\":%llu,\"connections\":%llu,\"most\":%llu,\"cpu\":%.6f,\"objects\":%llu,\"stored\":%llu}\n", (unsigned long long)seen.refused, (unsigned long long)seen.in, (unsigned long long)seen.out, (unsigned long long)seen.accepted, (unsigned long long)seen.most, cpu - seen.cpu, (unsigned long long)n, (unsigned long long)bytes);
  fflush(stdout); memset(&seen, 0, sizeof seen); seen.cpu = cpu_now(); seen.most = nconn;
}
static void reply(Conn *c, int code, const char *hdr, Buf *b) {
  const char *t = code == 200 ? "OK" : code == 204 ? "No Content" : code == 206 ? "Partial Content" : code == 304 ? "Not Modified" : "Error";
  addf(&c->out, "HTTP/1.1 %d %s\r\nServer: s3sink\r\nx-amz-request-id: %llu\r\n%s%s", code, t, (unsigned long long)++seq, hdr ? hdr : "", b && b->n ? "Content-Type: application/xml\r\n" : "");
  if (code != 204 && code != 304) addf(&c->out, "Content-Length: %zu\r\n", b ? b->n : 0);
  adds(&c->out, "\r\n"); if (b && !c->head_only) add(&c->out, b->p, b->n);
}
static void fail(Conn *c, int code, const char *s) { seen.refused++; Buf b = {0}; if (!c->head_only) addf(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>%s</Code><Message>%s</Message></Error>", s, s); reply(c, code, 0, &b); free(b.p); }
static void etag_of(Conn *c, const char *p, size_t n, char *e, u8 *raw) { u8 d[16] = {0}; if (no_md5) { u64 s = ++seq; memcpy(d, &s, 8); } else if (c->hashed) memcpy(d, c->md5, 16); else { Md5 m; md5_init(&m); md5_add(&m, p, n); md5_end(&m, d); } tohex(d, e); if (raw) memcpy(raw, d, 16); }
static int same_etag(const char *h, const char *e) { if (!strcmp(h, "*")) return 1; if (*h == '"') h++; size_t n = strlen(e); return !strncmp(h, e, n) && (h[n] == '"' || !h[n]); }
static void list(Conn *c, Bucket *b) {
  char pre[2048] = "", tok[2048] = "", sa[2048] = "", dl[64] = "", mk[16], enc[8]; int v2 = qarg(c, "list-type", mk, 16) > 0;
  int pn = qarg(c, "prefix", pre, sizeof pre), tn = qarg(c, "continuation-token", tok, sizeof tok), sn = qarg(c, v2 ? "start-after" : "marker", sa, sizeof sa), dn = qarg(c, "delimiter", dl, sizeof dl), max = 1000, url = qarg(c, "encoding-type", enc, 8) > 0;
  if (qarg(c, "max-keys", mk, 16) > 0) max = atoi(mk); if (max > 1000) max = 1000; if (pn < 0) pn = 0;
  if (b->dirty) { qsort(b->ord, b->ordn, sizeof *b->ord, ocmp); b->dirty = 0; }
  size_t i = lower(b, pre, pn, 0); const char *from = 0; int fn = 0; if (tn > 0) { char *h = strdup(tok); tn = pct(tok, h, tn, 0); free(h); from = tok; fn = tn; } else if (sn > 0) { from = sa; fn = sn; }
  if (from) { size_t j = lower(b, from, fn, 1); if (j > i) i = j; if (dn > 0 && fn > pn && !memcmp(from + fn - dn, dl, dn)) while (i < b->ordn && b->ord[i]->klen >= fn && !memcmp(b->ord[i]->key, from, fn)) i++; }
  Buf x = {0}; char t[40]; int n = 0; const char *last = 0; int ln = 0, trunc = 0; Buf cp = {0};
  adds(&x, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>"); adds(&x, b->name); adds(&x, "</Name><Prefix>"); xml(&x, pre, pn, url); adds(&x, "</Prefix>");
  while (i < b->ordn) { Obj *o = b->ord[i]; if (o->klen < pn || memcmp(o->key, pre, pn)) break; if (n >= max) { trunc = 1; break; }
    char *d = dn > 0 ? memmem(o->key + pn, o->klen - pn, dl, dn) : 0;
    if (d) { int l = d - o->key + dn; adds(&cp, "<CommonPrefixes><Prefix>"); xml(&cp, o->key, l, url); adds(&cp, "</Prefix></CommonPrefixes>"); last = o->key; ln = l; n++;
      char *up = malloc(l); memcpy(up, o->key, l); int q = l; while (q && (u8)up[q - 1] == 255) q--; if (q) { up[q - 1]++; i = lower(b, up, q, 0); } else i = b->ordn; free(up); continue; }
    adds(&x, "<Contents><Key>"); xml(&x, o->key, o->klen, url); iso(t, o->t); addf(&x, "</Key><LastModified>%s</LastModified><ETag>&quot;%s&quot;</ETag><Size>%zu</Size><StorageClass>STANDARD</StorageClass></Contents>", t, o->etag, o->d->n); last = o->key; ln = o->klen; n++; i++; }
  if (cp.n) add(&x, cp.p, cp.n);
  addf(&x, "<KeyCount>%d</KeyCount><MaxKeys>%d</MaxKeys><IsTruncated>%s</IsTruncated>%s", n, max, trunc ? "true" : "false", url ? "<EncodingType>url</EncodingType>" : ""); if (dn > 0) { adds(&x, "<Delimiter>"); xml(&x, dl, dn, url); adds(&x, "</Delimiter>"); }
  if (trunc && last) { adds(&x, v2 ? "<NextContinuationToken>" : "<NextMarker>"); xml(&x, last, ln, v2 ? 1 : url); adds(&x, v2 ? "</NextContinuationToken>" : "</NextMarker>"); }
  adds(&x, "</ListBucketResult>"); reply(c, 200, 0, &x); free(x.p); free(cp.p);
}
static Obj *copy_src(Conn *c) { char *s = c->copy, k[4096], bn[80]; char *q = strstr(s, "?versionId"); int n = pct(k, s, q ? q - s : (int)strlen(s), 0); char *p = k; if (*p == '/') p++, n--; char *sl = memchr(p, '/', n); if (!sl || sl - p > 79) return 0; memcpy(bn, p, sl - p); bn[sl - p] = 0; Bucket *b = bucket(bn); return b ? lookup(b, sl + 1, n - (sl + 1 - p)) : 0; }
static void take(Conn *c, Blob **d) { char *p = realloc(c->body.p, c->body.n ? c->body.n : 1); *d = blob_new(p, c->body.n); c->body = (Buf){0}; }
static char *metadup(Conn *c) { return c->meta.n ? strndup(c->meta.p, c->meta.n) : 0; }
static int blocked(Conn *c, Obj *o) { if (c->inm && o && same_etag(c->inm, o->etag)) { fail(c, 412, "PreconditionFailed"); return 1; } if (c->im && !o) { fail(c, 404, "NoSuchKey"); return 1; } if (c->im && !same_etag(c->im, o->etag)) { fail(c, 412, "PreconditionFailed"); return 1; } return 0; }
static void handle(Conn *c) {
  char arg[2048], h[512]; c->head_only = !strcmp(c->m, "HEAD"); int put = !strcmp(c->m, "PUT"), get = !strcmp(c->m, "GET") || c->head_only, post = !strcmp(c->m, "POST"), del = !strcmp(c->m, "DELETE"); seen.kind[kind_of(c)]++;
  if (verbose) fprintf(stderr, "%s %s?%s %zu\n", c->m, c->path, c->query ? c->query : "", c->body.n);
  if (!c->bname[0]) { Buf x = {0}; adds(&x, "<?xml version=\"1.0\"?><ListAllMyBucketsResult><Owner><ID>sink</ID></Owner><Buckets>"); for (Bucket *b = buckets; b; b = b->next) addf(&x, "<Bucket><Name>%s</Name><CreationDate>2026-01-01T00:00:00.000Z</CreationDate></Bucket>", b->name); adds(&x, "</Buckets></ListAllMyBucketsResult>"); reply(c, 200, 0, &x); free(x.p); return; }
  Bucket *b = bucket(c->bname);
  if (!c->klen && put) { if (!b && !c->query) bucket_make(c->bname); reply(c, 200, 0, 0); return; }
  if (!b) { fail(c, 404, "NoSuchBucket"); return; }
  if (!c->klen) {
    if (del) { if (b->cnt) { fail(c, 409, "BucketNotEmpty"); return; } for (Bucket **p = &buckets; *p; p = &(*p)->next) if (*p == b) { *p = b->next; free(b->tab); free(b->ord); free(b); break; } reply(c, 204, 0, 0); }
    else if (c->head_only) reply(c, 200, "x-amz-bucket-region: us-east-1\r\n", 0);
    else if (get && qarg(c, "ownershipControls", arg, 9) >= 0) { Buf x = {0}; adds(&x, "<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>"); reply(c, 200, 0, &x); free(x.p); }
    else if (get && qarg(c, "location", arg, 9) >= 0) { Buf x = {0}; adds(&x, "<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"></LocationConstraint>"); reply(c, 200, 0, &x); free(x.p); }
    else if (get && qarg(c, "uploads", arg, 9) >= 0) { Buf x = {0}; adds(&x, "<ListMultipartUploadsResult>"); for (Up *u = b->ups; u; u = u->next) { adds(&x, "<Upload><Key>"); xml(&x, u->key, strlen(u->key), 0); addf(&x, "</Key><UploadId>%s</UploadId></Upload>", u->id); } adds(&x, "</ListMultipartUploadsResult>"); reply(c, 200, 0, &x); free(x.p); }
    else if (get && (qarg(c, "versioning", arg, 9) >= 0)) { Buf x = {0}; adds(&x, "<VersioningConfiguration/>"); reply(c, 200, 0, &x); free(x.p); }
    else if (get) list(c, b);
    else if (post && qarg(c, "delete", arg, 9) >= 0) { Buf x = {0}; need(&c->body, 1); c->body.p[c->body.n] = 0; int quiet = !!strstr(c->body.p, "<Quiet>true"); adds(&x, "<DeleteResult>");
      for (char *p = c->body.p; (p = strstr(p, "<Key>"));) { p += 5; char *e = strstr(p, "</Key>"); if (!e) break; int o = 0; for (char *s = p; s < e && o < 2040; s++) { if (*s == '&') { char *sc = strchr(s, ';'); if (!strncmp(s, "&lt;", 4)) arg[o++] = '<'; else if (!strncmp(s, "&gt;", 4)) arg[o++] = '>'; else if (!strncmp(s, "&amp;", 5)) arg[o++] = '&'; else if (!strncmp(s, "&quot;", 6)) arg[o++] = '"'; else if (!strncmp(s, "&apos;", 6)) arg[o++] = '\''; else if (s[1] == '#') arg[o++] = s[2] == 'x' ? strtol(s + 3, 0, 16) : strtol(s + 2, 0, 10); if (sc) s = sc; } else arg[o++] = *s; } obj_del(b, arg, o); if (!quiet) { adds(&x, "<Deleted><Key>"); xml(&x, arg, o, 0); adds(&x, "</Key></Deleted>"); } p = e; }
      adds(&x, "</DeleteResult>"); reply(c, 200, 0, &x); free(x.p); }
    else fail(c, 501, "NotImplemented");
    return;
  }
  if (post && qarg(c, "uploads", arg, 9) >= 0) { Up *u = calloc(1, sizeof *u); sprintf(u->id, "%016llx", (unsigned long long)++seq * 2654435761u); u->key = strdup(c->key); u->meta = metadup(c); u->next = b->ups; b->ups = u; Buf x = {0}; addf(&x, "<InitiateMultipartUploadResult><Bucket>%s</Bucket><Key>", b->name); xml(&x, c->key, c->klen, 0); addf(&x, "</Key><UploadId>%s</UploadId></InitiateMultipartUploadResult>", u->id); reply(c, 200, 0, &x); free(x.p); return; }
  if (qarg(c, "uploadId", arg, 64) > 0) {
    Up **pu = &b->ups, *u; while (*pu && strcmp((*pu)->id, arg)) pu = &(*pu)->next; if (!(u = *pu)) { fail(c, 404, "NoSuchUpload"); return; }
    if (put) { qarg(c, "partNumber", h, 16); int n = atoi(h); if (n < 1 || n > 10000) { fail(c, 400, "InvalidArgument"); return; } if (n > u->n) { u->part = realloc(u->part, n * sizeof *u->part); memset(u->part + u->n, 0, (n - u->n) * sizeof *u->part); u->n = n; }
      Part *p = &u->part[n - 1]; blob_put(p->d); char e[48];
      if (c->copy) { Obj *o = copy_src(c); if (!o) { p->d = 0; fail(c, 404, "NoSuchKey"); return; } u64 a = 0, z = o->d->n - 1; if (c->crange) sscanf(c->crange, "bytes=%lu-%lu", &a, &z); if (z >= o->d->n || a > z) { p->d = 0; fail(c, 416, "InvalidRange"); return; } char *m = malloc(z - a + 1); blob_copy(m, o->d, a, z - a + 1); p->d = blob_new(m, z - a + 1); }
      else take(c, &p->d);
      etag_of(c, p->d->p, p->d->n, e, p->md5);
      if (c->copy) { Buf x = {0}; iso(h, time(0)); addf(&x, "<CopyPartResult><LastModified>%s</LastModified><ETag>&quot;%s&quot;</ETag></CopyPartResult>", h, e); reply(c, 200, 0, &x); free(x.p); } else { sprintf(h, "ETag: \"%s\"\r\n", e); reply(c, 200, h, 0); } return; }
    if (post) { int n = 0; size_t tot = 0; Md5 m; md5_init(&m); need(&c->body, 1); c->body.p[c->body.n] = 0;
      Obj *old = lookup(b, c->key, c->klen); if (blocked(c, old)) return;
      for (char *p = c->body.p; (p = strstr(p, "<PartNumber>")); p++) { int k = atoi(p + 12); if (k < 1 || k > u->n || !u->part[k - 1].d) { fail(c, 400, "InvalidPart"); return; } tot += u->part[k - 1].d->n; n++; md5_add(&m, u->part[k - 1].md5, 16); }
      Blob *d = blob_new(0, tot), **q = d->part = calloc(n + 1, sizeof *q); for (char *p = c->body.p; (p = strstr(p, "<PartNumber>")); p++) { *q = u->part[atoi(p + 12) - 1].d; (*q++)->ref++; }
      Obj *ob = obj_make(b, c->key, c->klen); blob_put(ob->d); ob->d = d; free(ob->meta); ob->meta = u->meta; u->meta = 0; ob->t = time(0); u8 dg[16]; md5_end(&m, dg); tohex(dg, ob->etag); sprintf(ob->etag + 32, "-%d", n);
      Buf x = {0}; addf(&x, "<CompleteMultipartUploadResult><Location>/</Location><Bucket>%s</Bucket><Key>", b->name); xml(&x, c->key, c->klen, 0); addf(&x, "</Key><ETag>&quot;%s&quot;</ETag></CompleteMultipartUploadResult>", ob->etag); reply(c, 200, 0, &x); free(x.p); }
    else if (get) { Buf x = {0}; adds(&x, "<ListPartsResult>"); for (int i = 0; i < u->n; i++) if (u->part[i].d) { char e[48]; tohex(u->part[i].md5, e); addf(&x, "<Part><PartNumber>%d</PartNumber><ETag>&quot;%s&quot;</ETag><Size>%zu</Size></Part>", i + 1, e, u->part[i].d->n); } adds(&x, "<IsTruncated>false</IsTruncated></ListPartsResult>"); reply(c, 200, 0, &x); free(x.p); return; }
    else reply(c, 204, 0, 0);
    *pu = u->next; for (int i = 0; i < u->n; i++) blob_put(u->part[i].d); free(u->part); free(u->key); free(u->meta); free(u); return;
  }
  Obj *o = lookup(b, c->key, c->klen);
  if (put && c->copy) { Obj *s = copy_src(c); if (!s) { fail(c, 404, "NoSuchKey"); return; } if (blocked(c, o)) return; Blob *d = s->d; d->ref++; char *mt = c->dir && !strcasecmp(c->dir, "REPLACE") ? metadup(c) : s->meta ? strdup(s->meta) : 0; char e[48]; strcpy(e, s->etag); o = obj_make(b, c->key, c->klen); blob_put(o->d); o->d = d; free(o->meta); o->meta = mt; strcpy(o->etag, e); o->t = time(0); Buf x = {0}; iso(h, o->t); addf(&x, "<CopyObjectResult><LastModified>%s</LastModified><ETag>&quot;%s&quot;</ETag></CopyObjectResult>", h, e); reply(c, 200, 0, &x); free(x.p); return; }
  if (put && c->query && (qarg(c, "acl", arg, 8) >= 0 || qarg(c, "tagging", arg, 8) >= 0)) { reply(c, 200, 0, 0); return; }
  if (put) { if (blocked(c, o)) return; o = obj_make(b, c->key, c->klen); blob_put(o->d); take(c, &o->d); free(o->meta); o->meta = metadup(c); o->t = time(0); etag_of(c, o->d->p, o->d->n, o->etag, 0); sprintf(h, "ETag: \"%s\"\r\n", o->etag); reply(c, 200, h, 0); return; }
  if (del) { if (blocked(c, o)) return; obj_del(b, c->key, c->klen); reply(c, 204, 0, 0); return; }
  if (!o) { fail(c, 404, "NoSuchKey"); return; }
  if (get && c->query && qarg(c, "acl", arg, 8) >= 0) { Buf x = {0}; adds(&x, "<AccessControlPolicy><Owner><ID>sink</ID></Owner><AccessControlList><Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\"><ID>sink</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant></AccessControlList></AccessControlPolicy>"); reply(c, 200, 0, &x); free(x.p); return; }
  if (get) {
    if (c->inm && same_etag(c->inm, o->etag)) { sprintf(h, "ETag: \"%s\"\r\n", o->etag); reply(c, 304, h, 0); return; } if (c->im && !same_etag(c->im, o->etag)) { fail(c, 412, "PreconditionFailed"); return; }
    u64 a = 0, n = o->d->n, z = n ? n - 1 : 0; int code = 200; if (c->range && !strncmp(c->range, "bytes=", 6)) { char *r = c->range + 6; if (*r == '-') { u64 k = strtoull(r + 1, 0, 10); if (k > n) k = n; a = n - k; code = 206; } else { char *e; a = strtoull(r, &e, 10); if (*e == '-' && e[1]) { z = strtoull(e + 1, 0, 10); if (z >= n) z = n - 1; } code = 206; } if (a >= n) { fail(c, 416, "InvalidRange"); return; } }
    u64 len = n ? z - a + 1 : 0; http_date(h, o->t);
    addf(&c->out, "HTTP/1.1 %d %s\r\nServer: s3sink\r\nETag: \"%s\"\r\nLast-Modified: %s\r\nAccept-Ranges: bytes\r\nContent-Length: %llu\r\n", code, code == 206 ? "Partial Content" : "OK", o->etag, h, (unsigned long long)len);
    if (code == 206) addf(&c->out, "Content-Range: bytes %llu-%llu/%llu\r\n", (unsigned long long)a, (unsigned long long)z, (unsigned long long)n);
    if (o->meta) adds(&c->out, o->meta); adds(&c->out, "\r\n");
    if (!c->head_only && len) { if (len <= 16384) { need(&c->out, len); blob_copy(c->out.p + c->out.n, o->d, a, len); c->out.n += len; } else { c->send = o->d; o->d->ref++; c->soff = a; c->send_end = a + len; } }
    return;
  }
  fail(c, 405, "MethodNotAllowed");
}
// ---- I/O
typedef struct Due { Conn *c; u64 at, upto; struct Due *next; } Due; // what a connection may send when the time has come
static Due *qh, **qt = &qh, *spare; static u64 now_ms(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1000ull + t.tv_nsec / 1000000; }
static void arm(Conn *c, int w) { if (c->writing != w) { c->writing = w; struct epoll_event e = {.events = w ? EPOLLOUT : EPOLLIN, .data.ptr = c}; epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e); } }
static void park(Conn *c) { struct epoll_event e = {.events = 0, .data.ptr = c}; epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e); c->writing = 2; } // until arm()
static void drop(Conn *c) { if (!c->gone) { nconn--; coming(c, 0); close(c->fd); } if ((c->gone = c->owed || c->busy)) return; free(c->in.p); free(c->body.p); free(c->raw.p); free(c->out.p); free(c->meta.p); blob_put(c->send); free(c); }
static int flush(Conn *c) { // what may be sent by now; 1 done, 0 later, -1 gone
  for (;;) { struct iovec v[2]; int n = 0; size_t left = c->out.n - c->opos, o = left; if (o > c->may - c->sent) o = c->may - c->sent; if (o) v[n++] = (struct iovec){c->out.p + c->opos, o}; if (c->send && o == left && c->may - c->sent > o) { size_t m; char *p = blob_at(c->send, c->soff, &m); v[n++] = (struct iovec){p, m < c->send_end - c->soff ? m : c->send_end - c->soff}; }
    if (!n) return 1;
    ssize_t k = writev(c->fd, v, n); if (k < 0) { if (errno == EAGAIN) { arm(c, 1); return 0; } return -1; }
    seen.out += k; c->sent += k; if ((size_t)k < o) { c->opos += k; continue; } if ((c->opos += o) == c->out.n) c->opos = c->out.n = 0; k -= o; if (c->send && k) { c->soff += k; if (c->soff == c->send_end) { blob_put(c->send); c->send = 0; } } }
}
static void reset(Conn *c) { c->st = HEAD_; c->body.n = 0; c->meta.n = 0; c->hashed = 0; }
static int parse_head(Conn *c, char *s, char *e) { // s..e without the blank line; the text is modified
  char *l = memchr(s, '\n', e - s); if (!l) return -1; char *sp = memchr(s, ' ', l - s); if (!sp || sp - s > 7) return -1; memcpy(c->m, s, sp - s); c->m[sp - s] = 0; char *t = sp + 1, *te = memchr(t, ' ', l - t); if (!te) return -1; *te = 0; c->path = t; c->query = strchr(t, '?'); if (c->query) *c->query++ = 0; if (c->query && !*c->query) c->query = 0;
  c->bname[0] = 0; char *p = t + 1, *sl = strchrnul(p, '/'); if (sl - p > 79) return -1; memcpy(c->bname, p, sl - p); c->bname[sl - p] = 0; c->key = *sl ? sl + 1 : sl; c->klen = pct(c->key, c->key, strlen(c->key), 0);
  c->range = c->inm = c->im = c->copy = c->crange = c->dir = 0; c->chunked = c->awsch = 0; c->left = 0; c->keep = 1; int expect = 0;
  for (char *q = l + 1; q < e;) { char *n = memchr(q, '\n', e - q); if (!n) n = e; char *x = n; if (x > q && x[-1] == '\r') x--; *x = 0; char *v = strchr(q, ':'); if (v) { int kn = v - q; *v++ = 0; while (*v == ' ') v++;
      switch (kn) { case 14: if (!strcasecmp(q, "content-length")) c->left = strtoull(v, 0, 10); break; case 17: if (!strcasecmp(q, "transfer-encoding")) c->chunked = !!strcasestr(v, "chunked"); break; case 5: if (!strcasecmp(q, "range")) c->range = v; break; case 13: if (!strcasecmp(q, "if-none-match")) c->inm = v; break; case 8: if (!strcasecmp(q, "if-match")) c->im = v; break; case 6: if (!strcasecmp(q, "expect")) expect = 1; break; case 10: if (!strcasecmp(q, "connection")) c->keep = !strcasestr(v, "close"); break; case 12: if (!strcasecmp(q, "content-type")) addf(&c->meta, "Content-Type: %s\r\n", v); break;
        case 20: if (!strcasecmp(q, "x-amz-content-sha256")) c->awsch = !strncmp(v, "STREAMING-", 10); break; case 17 + 0 + 100: break; }
      if (kn == 17 && !strcasecmp(q, "x-amz-copy-source")) c->copy = v; else if (kn == 23 && !strcasecmp(q, "x-amz-copy-source-range")) c->crange = v; else if (kn == 24 && !strcasecmp(q, "x-amz-metadata-directive")) c->dir = v; else if (kn > 11 && !strncasecmp(q, "x-amz-meta-", 11)) addf(&c->meta, "%s: %s\r\n", q, v); }
    q = n + 1; }
  if (expect) { if (send(c->fd, "HTTP/1.1 100 Continue\r\n\r\n", 25, MSG_NOSIGNAL) < 0) return -1; }
  return 0;
}
static void unaws(Conn *c) { // aws-chunked framing out of a complete body, in place
  char *p = c->body.p, *e = p + c->body.n, *o = p; while (p < e) { char *nl = memchr(p, '\n', e - p); if (!nl) break; u64 n = strtoull(p, 0, 16); p = nl + 1; if (!n || p + n > e) break; memmove(o, p, n); o += n; p += n + 2; } c->body.n = o - c->body.p;
}
static int step(Conn *c) { // 1: a reply is queued, 0: wants input, -1: drop, 2 and 3: waits for the MD5 of its body, by a thread or with others
  for (;;) { char *p = c->in.p + c->ipos; size_t n = c->in.n - c->ipos;
    switch (c->st) {
    case HEAD_: { char *e = n ? memmem(p, n, "\r\n\r\n", 4) : 0; if (!e) { if (n > 65536) return -1; if (c->ipos) { memmove(c->in.p, p, n); c->in.n = n; c->ipos = 0; } return 0; }
      // the head is copied, so that pointers into it stay good while the body arrives
      c->raw.n = 0; add(&c->raw, p, e + 2 - p); add(&c->raw, "", 1); c->ipos += e + 4 - p; if (parse_head(c, c->raw.p, c->raw.p + c->raw.n - 1)) return -1; c->st = c->chunked ? CHUNKLEN : BODY; if (c->left) fit(&c->body, c->left); coming(c, c->left >= LARGE); break; }
    case BODY: { size_t k = n < c->left ? n : c->left; if (k) { add(&c->body, p, k); c->ipos += k; c->left -= k; } if (c->left) { c->in.n = c->ipos = 0; return 0; } c->st = DONE; break; }
    case CHUNKLEN: { char *nl = memchr(p, '\n', n); if (!nl) return 0; if (nl - p < 2) { c->ipos += nl + 1 - p; break; } c->left = strtoull(p, 0, 16); c->ipos += nl + 1 - p; c->st = c->left ? CHUNK : TRAILER; break; }
    case CHUNK: { size_t k = n < c->left ? n : c->left; add(&c->body, p, k); c->ipos += k; c->left -= k; if (c->left) { c->in.n = c->ipos = 0; return 0; } c->st = CHUNKLEN; break; }
    case TRAILER: { char *nl = memchr(p, '\n', n); if (!nl) return 0; int empty = nl - p < 2; c->ipos += nl + 1 - p; if (empty) c->st = DONE; break; }
    case DONE: if (c->awsch && !c->hashed) unaws(c); if (c->body.n >= SMALL && !no_md5 && !c->hashed) return c->body.n >= LARGE ? 2 : 3; handle(c); if (!c->keep) c->closing = 1; reset(c); return 1; } }
}
static void later(Conn *c) { // a reply that was made leaves when its time has come
  Due *d = spare; if (d) spare = d->next; else d = malloc(sizeof *d); if (c->opos) { memmove(c->out.p, c->out.p + c->opos, c->out.n -= c->opos); c->opos = 0; }
  *d = (Due){c, now_ms() + lat_ms, c->sent + c->out.n + (c->send ? c->send_end - c->soff : 0), 0}; *qt = d; qt = &d->next; c->owed++;
}
static void go(Conn *c) { // as many requests as have arrived
  for (;;) { int r = step(c); if (r == 2) { c->busy = 1; park(c); to_hasher(c); return; } if (r == 3) { c->busy = 1; few.of[few.n++] = c; if (few.n == LANES) hash_few(); return; } if (r < 0) { drop(c); return; } if (!r) { arm(c, 0); return; }
    if (lat_ms) { later(c); if (!in_turn && !c->send && !c->closing) continue; park(c); return; }
    r = flush(c); if (r < 0 || (r && c->closing)) { drop(c); return; } if (!r) return; }
}
static void has_md5(Conn *c) { c->busy = 0; if (c->gone) { drop(c); return; } c->hashed = 1; go(c); }
static void go_on(Conn *c) { // sends what may be sent, and looks at what else was asked if nothing is waited for
  int r = flush(c); if (r < 0 || (r && c->closing && !c->owed)) { drop(c); return; } if (!r) return;
  if (c->busy || c->closing || c->send || (in_turn && c->owed)) { if (c->writing != 2) park(c); } else if (c->writing) { arm(c, 0); go(c); }
}
static void leave(u64 t) { // what is due by now; of what leaves together one look is enough
  while (qh && qh->at <= t) { Due *d = qh; Conn *c = d->c; if (!(qh = d->next)) qt = &qh; d->next = spare; spare = d; c->may = d->upto; c->owed--;
    if (c->gone) drop(c); else if (!qh || qh->c != c || qh->at > t) go_on(c); }
}
static void fill(char *what) { // BUCKET:COUNT, 1000 objects in a directory
  char *colon = strchr(what, ':'), k[64]; if (!colon) return; *colon = 0; Bucket *b = bucket_make(what);
  for (long i = 0, n = atol(colon + 1); i < n; i++) { int l = sprintf(k, "d%03ld/e%03ld/file-%03ld.txt", i / 1000000, i / 1000 % 1000, i % 1000); Obj *o = obj_make(b, k, l); o->d = blob_new(malloc(1), 0); o->t = time(0); strcpy(o->etag, "d41d8cd98f00b204e9800998ecf8427e"); }
}
static void touch(size_t n) { mallopt(M_MMAP_MAX, 0); mallopt(M_TRIM_THRESHOLD, -1); char *p = malloc(n); if (!p) abort(); memset(p, 1, n); __asm__ volatile("" : : "r"(p) : "memory"); free(p); }
int main(int ac, char **av) {
  for (int i = 0; i < 64; i++) { double s = 0, x = i + 1; /* |sin(x)| by series-free reduction */ double y = x; while (y > 3.14159265358979323846) y -= 3.14159265358979323846; double t = y, k = 1; s = y; for (k = 1; k < 20; k++) { t *= -y * y / ((2 * k) * (2 * k + 1)); s += t; } if (s < 0) s = -s; K[i] = (u32)(s * 4294967296.0); }
  int port = -1; for (int i = 1; i < ac; i++) if (!strcmp(av[i], "-l") || !strcmp(av[i], "-t")) { in_turn = av[i][1] == 't'; lat_ms = atoi(av[++i]); } else if (!strcmp(av[i], "-q")) no_md5 = 1; else if (!strcmp(av[i], "-v")) verbose = 1; else if (!strcmp(av[i], "-c")) counts = 1; else if (!strcmp(av[i], "-n") && i + 1 < ac) fill(av[++i]); else if (!strcmp(av[i], "-m") && i + 1 < ac) touch(strtoull(av[++i], 0, 10) << 20); else port = atoi(av[i]);
  if (port < 0) { fprintf(stderr, "usage: s3sink PORT [-l MS | -t MS] [-q] [-v] [-c] [-m MIB] [-n BUCKET:COUNT]\n"); return 64; }
  signal(SIGPIPE, SIG_IGN); int ls = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1; setsockopt(ls, SOL_SOCKET, SO_REUSEADDR, &one, 4); struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(ls, (void *)&a, sizeof a) || listen(ls, 1024)) { perror("s3sink"); return 1; }
  socklen_t al = sizeof a; getsockname(ls, (void *)&a, &al);
  // SIGUSR1 is let in only while waiting, so that none is missed
  sigset_t usr, none; sigemptyset(&none); sigemptyset(&usr); sigaddset(&usr, SIGUSR1); if (counts) { sigprocmask(SIG_BLOCK, &usr, 0); signal(SIGUSR1, ask); }
  ep = epoll_create1(0); struct epoll_event e = {.events = EPOLLIN, .data.ptr = 0}, ev[256]; epoll_ctl(ep, EPOLL_CTL_ADD, ls, &e);
  hashing.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); e.data.ptr = &hashing; epoll_ctl(ep, EPOLL_CTL_ADD, hashing.fd, &e); for (int i = 0; i < HASHERS; i++) { pthread_t t; if (pthread_create(&t, 0, hasher, 0)) { perror("s3sink"); return 1; } }
  printf("ready http://127.0.0.1:%d\n", ntohs(a.sin_port)); fflush(stdout);
  for (;;) { int to = -1; if (qh) { u64 t = now_ms(); to = qh->at > t ? (int)(qh->at - t) : 0; } int n = epoll_pwait(ep, ev, 256, to, &none); if (asked) { asked = 0; tell(); }
    for (int i = 0; i < n; i++) { Conn *c = ev[i].data.ptr;
      if (!c) { int fd; while ((fd = accept4(ls, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) { setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, 4); c = calloc(1, sizeof *c); c->fd = fd; c->may = lat_ms ? 0 : ~0ull; seen.accepted++; if (++nconn > seen.most) seen.most = nconn; struct epoll_event x = {.events = EPOLLIN, .data.ptr = c}; epoll_ctl(ep, EPOLL_CTL_ADD, fd, &x); } continue; }
      if ((void *)c == &hashing) { for (c = hashed(); c;) { Conn *next = c->qnext; has_md5(c); c = next; } continue; }
      if (c->writing == 2) continue;
      if (c->writing) { go_on(c); continue; }
      if (c->ipos == c->in.n) c->in.n = c->ipos = 0; else if (c->ipos > 65536) { memmove(c->in.p, c->in.p + c->ipos, c->in.n - c->ipos); c->in.n -= c->ipos; c->ipos = 0; }
      if (c->st == BODY && c->in.n == 0 && c->left >= 65536) { // large bodies go straight to their place
        ssize_t k = recv(c->fd, c->body.p + c->body.n, c->left < (1 << 20) ? c->left : 1 << 20, 0); if (k <= 0) { if (k < 0 && errno == EAGAIN) continue; drop(c); continue; } c->body.n += k; c->left -= k; seen.in += k; if (!c->left) go(c); continue; }
      need(&c->in, 65536); ssize_t k = recv(c->fd, c->in.p + c->in.n, 65536, 0); if (!k && c->owed) { c->closing = 1; park(c); continue; } if (k <= 0) { if (k < 0 && errno == EAGAIN) continue; drop(c); continue; } c->in.n += k; seen.in += k; go(c); }
    if (qh) leave(now_ms());
    while (few.n) hash_few(); }
}
