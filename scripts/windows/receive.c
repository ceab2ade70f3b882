/* receive.so, preloaded into Wine. Receiving from a socket whose connection was refused is
 * WSAENOTCONN on Windows, by which Bun tells a closed port from a silent server. Linux says so once
 * and answers 0, "the other side has closed", from then on. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

typedef ssize_t (*Receive)(int, struct msghdr *, int);

static int option(int fd, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  getsockopt(fd, SOL_SOCKET, name, &value, &size);
  return value;
}

/* Whether this is a TCP socket that has no peer and never had: not even its SYN was acknowledged. */
static int was_refused(int fd) {
  int family = option(fd, SO_DOMAIN);
  if (option(fd, SO_TYPE) != SOCK_STREAM || (family != AF_INET && family != AF_INET6)) return 0;
  struct sockaddr_storage peer;
  socklen_t size = sizeof peer;
  if (getpeername(fd, (struct sockaddr *)&peer, &size) == 0) return 0;
  struct tcp_info info = {0};
  size = sizeof info;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
  const size_t enough = offsetof(struct tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received;
  return size >= enough && info.tcpi_bytes_acked == 0 && info.tcpi_bytes_received == 0;
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
  static Receive original;
  if (!original) original = (Receive)dlsym(RTLD_NEXT, "recvmsg");
  ssize_t received = original(fd, message, flags);
  if (received != 0 || !was_refused(fd)) return received;
  errno = ENOTCONN;
  return -1;
}
