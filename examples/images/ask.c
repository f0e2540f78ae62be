// `hello ask ADDRESS PORT COUNT PER_SECOND`: so many GETs, each on a connection of its own; one line
// each on standard output: the answer, or "FAILED: why". Who is asked may be a Service's address.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const char question[] = "GET / HTTP/1.0\r\nHost: hello\r\n\r\n";

static long now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/// 0 and the body in `answer`, or an errno.
static int get(const struct sockaddr_in *of, char *answer, size_t size) {
  struct timeval limit = {.tv_sec = 2};
  size_t used = 0;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return errno;
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit); // also of connect
  int failed = connect(fd, (const struct sockaddr *)of, sizeof *of)
                   || send(fd, question, sizeof question - 1, MSG_NOSIGNAL) < 0
                 ? errno
                 : 0;
  while (!failed && used + 1 < size) {
    ssize_t n = recv(fd, answer + used, size - 1 - used, 0);
    if (n < 0)
      failed = errno;
    if (n <= 0)
      break;
    used += (size_t)n;
  }
  answer[used] = 0;
  close(fd);
  if (failed)
    return failed;
  char *body = strstr(answer, "\r\n\r\n");
  if (!body || strncmp(answer, "HTTP/1.1 200 ", 13))
    return EPROTO;
  memmove(answer, body + 4, strlen(body + 4) + 1);
  return 0;
}

int ask(int argc, char **argv) {
  struct sockaddr_in of = {.sin_family = AF_INET};
  if (argc != 4 || !inet_aton(argv[0], &of.sin_addr)) {
    fprintf(stderr, "hello: use hello ask ADDRESS PORT COUNT PER_SECOND\n");
    return 2;
  }
  of.sin_port = htons((unsigned short)atoi(argv[1]));
  long count = atol(argv[2]), rate = atol(argv[3]), start = now_us();
  char answer[16384];
  for (long i = 0; i < count; i++) {
    long wait = rate > 0 ? start + i * 1000000 / rate - now_us() : 0;
    if (wait > 0)
      usleep((useconds_t)wait);
    int failed = get(&of, answer, sizeof answer);
    if (failed)
      printf("FAILED: %s\n", strerror(failed));
    else
      printf("%s", answer);
    fflush(stdout);
  }
  return 0;
}
