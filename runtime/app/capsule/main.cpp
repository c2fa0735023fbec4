// godwit-capsule: the process in which a job runs. Not for users: godwitd starts it as a zygote, with a
// socket as its standard input, and has it fork a capsule for each job. The second argument is the build of
// who starts it: a host from before there was one is told no by its missing. The third, if there is one: a
// descriptor that it holds as long as it lives, and each capsule, but nothing that a job starts.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "edge/capsules/zygote/zygote.hpp"

int main(int argc, char** argv) {
  int kind = 0;
  socklen_t size = sizeof kind;
  bool const socket =
      ::getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &kind, &size) == 0 && kind == SOCK_SEQPACKET;
  if (argc < 3 || argc > 4 || std::string_view(argv[1]) != "--zygote" || !socket) {
    std::fputs("godwit-capsule: internal program of godwitd; to run jobs, see godwit --help\n", stderr);
    return 2;
  }
  if (argc == 4) ::fcntl(std::atoi(argv[3]), F_SETFD, FD_CLOEXEC);
  godwit::UniqueFd inherited(::dup(STDIN_FILENO));
  godwit::UniqueFd const nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ::dup2(nothing.get(), STDIN_FILENO);  // so that no capsule's descriptor gets that number
  godwit::zygote::Zygote(std::move(inherited)).run();
  return 0;
}
