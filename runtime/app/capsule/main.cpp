// godwit-capsule: the process in which a job runs. Not for users: godwitd starts it as a zygote, with a
// socket as its standard input, and has it fork a capsule for each job. The second argument is the build of
// who starts it: a host from before there was one is told no by its missing.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <string_view>

#include "edge/capsules/zygote/zygote.hpp"

int main(int argc, char** argv) {
  int kind = 0;
  socklen_t size = sizeof kind;
  bool const socket =
      ::getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &kind, &size) == 0 && kind == SOCK_SEQPACKET;
  if (argc != 3 || std::string_view(argv[1]) != "--zygote" || !socket) {
    std::fputs("godwit-capsule: internal program of godwitd; to run jobs, see godwit --help\n", stderr);
    return 2;
  }
  godwit::UniqueFd inherited(::dup(STDIN_FILENO));
  godwit::UniqueFd const nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ::dup2(nothing.get(), STDIN_FILENO);  // so that no capsule's descriptor gets that number
  godwit::zygote::Zygote(std::move(inherited)).run();
  return 0;
}
