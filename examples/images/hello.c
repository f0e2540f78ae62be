// A small web server for demonstrations: answers every GET with its host name, which is its pod's.
// On TERM it reports unready at once, keeps serving for HELLO_DRAIN_MS (default 1000) so that
// whoever still sends to it is served, finishes what is in flight, and ends with 0.
//
//   /         "NAME\n"          /healthz  200 until TERM, then 503
//   /env      the environment   /slow     answers after 500 ms
//   /exit/N   ends the process with code N
// `hello ask ADDRESS PORT COUNT PER_SECOND` is the client (ask.c).
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static char host[256];
static atomic_int ending;
static atomic_int in_flight;

static void on_term(int number) {
  (void)number;
  atomic_store(&ending, 1);
}

static void send_all(int fd, const char *text, size_t length) {
  while (length > 0) {
    ssize_t n = send(fd, text, length, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return;
    text += n;
    length -= (size_t)n;
  }
}

static void answer(int fd, int code, const char *body, int keep) {
  char head[256];
  int n = snprintf(head, sizeof head,
                   "HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n"
                   "X-Pod: %s\r\nConnection: %s\r\n\r\n",
                   code, code == 200 ? "OK" : "Service Unavailable", strlen(body), host,
                   keep ? "keep-alive" : "close");
  send_all(fd, head, (size_t)n);
  send_all(fd, body, strlen(body));
}

static void serve_one(int fd, const char *path, int keep) {
  char body[16384];
  if (strcmp(path, "/healthz") == 0) {
    answer(fd, ending ? 503 : 200, ending ? "ending\n" : "ok\n", keep);
  } else if (strcmp(path, "/env") == 0) {
    size_t used = 0;
    for (char **e = environ; *e && used + strlen(*e) + 2 < sizeof body; e++)
      used += (size_t)snprintf(body + used, sizeof body - used, "%s\n", *e);
    body[used] = 0;
    answer(fd, 200, body, keep);
  } else if (strncmp(path, "/exit/", 6) == 0) {
    answer(fd, 200, "bye\n", 0);
    _exit(atoi(path + 6));
  } else {
    if (strcmp(path, "/slow") == 0)
      nanosleep(&(struct timespec){.tv_nsec = 500000000}, 0);
    snprintf(body, sizeof body, "%s\n", host);
    answer(fd, 200, body, keep);
  }
}

/// Serves one connection until it closes, is quiet for 5 s, or the server ends.
static void *serve(void *argument) {
  int fd = (int)(long)argument;
  char buffer[8192];
  size_t used = 0;
  for (;;) {
    char *end;
    while (used == 0 || !(end = strstr(buffer, "\r\n\r\n"))) {
      struct pollfd readable = {.fd = fd, .events = POLLIN};
      if (used + 1 >= sizeof buffer || poll(&readable, 1, ending ? 100 : 5000) <= 0)
        goto out;
      ssize_t n = recv(fd, buffer + used, sizeof buffer - 1 - used, 0);
      if (n <= 0)
        goto out;
      used += (size_t)n;
      buffer[used] = 0;
    }
    atomic_fetch_add(&in_flight, 1);
    *end = 0;
    char path[1024] = "/";
    sscanf(buffer, "%*s %1023s", path);
    int keep = !ending && !strstr(buffer, "onnection: close") && !strstr(buffer, "HTTP/1.0");
    serve_one(fd, path, keep);
    atomic_fetch_sub(&in_flight, 1);
    if (!keep)
      break;
    size_t taken = (size_t)(end + 4 - buffer);
    memmove(buffer, buffer + taken, used - taken + 1);
    used -= taken;
  }
out:
  shutdown(fd, SHUT_WR);
  close(fd);
  return 0;
}

static long now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int ask(int argc, char **argv); // ask.c

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "ask") == 0)
    return ask(argc - 2, argv + 2);
  const char *port_text = argc > 1 ? argv[1] : getenv("PORT");
  const char *drain_text = getenv("HELLO_DRAIN_MS");
  long drain = drain_text ? atol(drain_text) : 1000;
  gethostname(host, sizeof host - 1);
  struct sigaction action = {.sa_handler = on_term};
  sigaction(SIGTERM, &action, 0);
  sigaction(SIGINT, &action, 0);

  int listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int one = 1, zero = 0;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
  struct sockaddr_in6 any = {.sin6_family = AF_INET6,
                             .sin6_port = htons((unsigned short)(port_text ? atoi(port_text) : 8080))};
  if (listener < 0 || bind(listener, (struct sockaddr *)&any, sizeof any) || listen(listener, 512)) {
    perror("hello: listen");
    return 1;
  }
  printf("%s serves on port %d\n", host, ntohs(any.sin6_port));
  fflush(stdout);

  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 128 * 1024);
  pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
  long end = 0;
  for (;;) {
    if (ending && end == 0)
      end = now_ms() + drain;
    long left = end ? end - now_ms() : 1000;
    if (end && left <= 0)
      break;
    struct pollfd readable = {.fd = listener, .events = POLLIN};
    if (poll(&readable, 1, (int)left) <= 0)
      continue;
    int fd = accept4(listener, 0, 0, SOCK_CLOEXEC);
    pthread_t thread;
    if (fd >= 0 && pthread_create(&thread, &small, serve, (void *)(long)fd))
      close(fd);
  }
  close(listener);
  for (long limit = now_ms() + 5000; in_flight > 0 && now_ms() < limit;)
    poll(0, 0, 5);
  printf("%s ends\n", host);
  return 0;
}
