/* A library: in C, found by pkg-config. */
#ifdef __cplusplus
extern "C" {
#endif

/* What to say to `name`, for the caller to free, or NULL. */
char *greet(const char *name);

#ifdef __cplusplus
}
#endif
