#include "base/seccomp_calls.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

namespace signet {

namespace {

constexpr std::uint64_t kInt = 0xffffffff;  // an int argument: the kernel ignores what is above

constexpr int kAll[] = {SCMP_SYS(brk),
                        SCMP_SYS(munmap),
                        SCMP_SYS(mremap),
                        SCMP_SYS(madvise),
                        SCMP_SYS(mlock),
                        SCMP_SYS(munlock),
                        SCMP_SYS(futex),
                        SCMP_SYS(set_robust_list),
                        SCMP_SYS(rseq),
                        SCMP_SYS(gettid),
                        SCMP_SYS(getpid),
                        SCMP_SYS(sched_yield),
                        SCMP_SYS(sched_getaffinity),
                        SCMP_SYS(set_tid_address),
                        SCMP_SYS(membarrier),
                        SCMP_SYS(clock_gettime),
                        SCMP_SYS(clock_nanosleep),
                        SCMP_SYS(nanosleep),
                        SCMP_SYS(gettimeofday),
                        SCMP_SYS(time),
                        SCMP_SYS(clock_getres),
                        SCMP_SYS(getrandom),
                        SCMP_SYS(read),
                        SCMP_SYS(readv),
                        SCMP_SYS(write),
                        SCMP_SYS(writev),
                        SCMP_SYS(recvmsg),
                        SCMP_SYS(recvfrom),
                        SCMP_SYS(shutdown),
                        SCMP_SYS(close),
                        SCMP_SYS(poll),
                        SCMP_SYS(ppoll),
                        SCMP_SYS(epoll_wait),
                        SCMP_SYS(epoll_pwait),
                        SCMP_SYS(epoll_ctl),
                        SCMP_SYS(eventfd2),
                        SCMP_SYS(timerfd_settime),
                        SCMP_SYS(fstat),
                        SCMP_SYS(lseek),
                        SCMP_SYS(rt_sigaction),
                        SCMP_SYS(rt_sigprocmask),
                        SCMP_SYS(rt_sigreturn),
                        SCMP_SYS(sigaltstack),
                        SCMP_SYS(restart_syscall),
                        SCMP_SYS(exit),
                        SCMP_SYS(exit_group),
                        SCMP_SYS(uname),
                        SCMP_SYS(getuid),
                        SCMP_SYS(geteuid),
                        SCMP_SYS(getgid),
                        SCMP_SYS(getegid),
                        SCMP_SYS(getppid),
                        SCMP_SYS(sysinfo),
                        SCMP_SYS(getrusage),
                        SCMP_SYS(getcpu)};
// Sent to whom the socket is connected to, and to nobody else.
constexpr ArgumentRule kAllWhen[] = {
    {.call = SCMP_SYS(sendto), .argument = 4, .bits = 0, .when = "to nobody by address"},
    {.call = SCMP_SYS(sendmsg), .argument = 2, .mask = MSG_FASTOPEN, .bits = 0, .when = "without MSG_FASTOPEN"},
    {.call = SCMP_SYS(fcntl), .argument = 1, .mask = kInt, .bits = F_DUPFD, .when = "F_DUPFD"},
    {.call = SCMP_SYS(fcntl), .argument = 1, .mask = kInt, .bits = F_DUPFD_CLOEXEC, .when = "F_DUPFD_CLOEXEC"},
    {.call = SCMP_SYS(fcntl), .argument = 1, .mask = kInt, .bits = F_GETFD, .when = "F_GETFD"},
    {.call = SCMP_SYS(fcntl), .argument = 1, .mask = kInt, .bits = F_SETFD, .when = "F_SETFD"},
    {.call = SCMP_SYS(fcntl), .argument = 1, .mask = kInt, .bits = F_GETFL, .when = "F_GETFL"},
    {.call = SCMP_SYS(fcntl), .argument = 1, .mask = kInt, .bits = F_SETFL, .when = "F_SETFL"},
    // glibc's fstat()
    {.call = SCMP_SYS(newfstatat),
     .argument = 3,
     .mask = AT_EMPTY_PATH,
     .bits = AT_EMPTY_PATH,
     .when = "AT_EMPTY_PATH"},
};

// Threads yes, processes no: clone only with CLONE_THREAD. The flags of clone3 lie in memory, where a filter cannot
// look, so it does not exist here and the C library falls back to clone.
constexpr ArgumentRule kThreadsWhen[] = {
    {.call = SCMP_SYS(clone), .argument = 0, .mask = CLONE_THREAD, .bits = CLONE_THREAD, .when = "CLONE_THREAD"}};

constexpr ArgumentRule kNoCodeWhen[] = {
    {.call = SCMP_SYS(mmap), .argument = 2, .mask = PROT_EXEC, .bits = 0, .when = "without PROT_EXEC"},
    {.call = SCMP_SYS(mprotect), .argument = 2, .mask = PROT_EXEC, .bits = 0, .when = "without PROT_EXEC"}};
constexpr ArgumentRule kCodeRefused[] = {
    {.call = SCMP_SYS(mmap), .argument = 2, .mask = PROT_EXEC, .bits = PROT_EXEC, .when = "PROT_EXEC"},
    {.call = SCMP_SYS(mprotect), .argument = 2, .mask = PROT_EXEC, .bits = PROT_EXEC, .when = "PROT_EXEC"}};
constexpr int kCode[] = {SCMP_SYS(mmap), SCMP_SYS(mprotect)};
constexpr int kNoFiles[] = {SCMP_SYS(openat),   SCMP_SYS(open),      SCMP_SYS(stat),      SCMP_SYS(lstat),
                            SCMP_SYS(statx),    SCMP_SYS(access),    SCMP_SYS(faccessat), SCMP_SYS(faccessat2),
                            SCMP_SYS(readlink), SCMP_SYS(readlinkat)};
constexpr ArgumentRule kNoFilesWhen[] = {
    {.call = SCMP_SYS(newfstatat), .argument = 3, .mask = AT_EMPTY_PATH, .bits = 0, .when = "by path"}};
constexpr int kRead[] = {SCMP_SYS(stat),     SCMP_SYS(lstat),      SCMP_SYS(statx),      SCMP_SYS(newfstatat),
                         SCMP_SYS(access),   SCMP_SYS(faccessat),  SCMP_SYS(faccessat2), SCMP_SYS(getdents64),
                         SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(pread64),    SCMP_SYS(preadv),
                         SCMP_SYS(flock),    SCMP_SYS(fadvise64),  SCMP_SYS(getcwd),     SCMP_SYS(fstatfs),
                         SCMP_SYS(statfs)};
constexpr ArgumentRule kReadWhen[] = {
    {.call = SCMP_SYS(fcntl), .argument = 1, .mask = kInt, .bits = F_GETLK, .when = "F_GETLK"},
    {.call = SCMP_SYS(fcntl), .argument = 1, .mask = kInt, .bits = F_SETLK, .when = "F_SETLK"},
    {.call = SCMP_SYS(fcntl), .argument = 1, .mask = kInt, .bits = F_SETLKW, .when = "F_SETLKW"},
    {.call = SCMP_SYS(fcntl), .argument = 1, .mask = kInt, .bits = F_GET_SEALS, .when = "F_GET_SEALS"},
};
constexpr std::uint64_t kToChange = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;
constexpr ArgumentRule kOpenToReadWhen[] = {
    {.call = SCMP_SYS(openat), .argument = 2, .mask = kToChange, .bits = 0, .when = "for reading"},
    {.call = SCMP_SYS(open), .argument = 1, .mask = kToChange, .bits = 0, .when = "for reading"},
};
constexpr ArgumentRule kOpenToReadRefused[] = {
    {.call = SCMP_SYS(openat), .argument = 2, .mask = O_WRONLY, .bits = O_WRONLY, .when = "O_WRONLY"},
    {.call = SCMP_SYS(openat), .argument = 2, .mask = O_RDWR, .bits = O_RDWR, .when = "O_RDWR"},
    {.call = SCMP_SYS(openat), .argument = 2, .mask = O_CREAT, .bits = O_CREAT, .when = "O_CREAT"},
    {.call = SCMP_SYS(openat), .argument = 2, .mask = O_TRUNC, .bits = O_TRUNC, .when = "O_TRUNC"},
    {.call = SCMP_SYS(open), .argument = 1, .mask = O_WRONLY, .bits = O_WRONLY, .when = "O_WRONLY"},
    {.call = SCMP_SYS(open), .argument = 1, .mask = O_RDWR, .bits = O_RDWR, .when = "O_RDWR"},
    {.call = SCMP_SYS(open), .argument = 1, .mask = O_CREAT, .bits = O_CREAT, .when = "O_CREAT"},
    {.call = SCMP_SYS(open), .argument = 1, .mask = O_TRUNC, .bits = O_TRUNC, .when = "O_TRUNC"},
};
constexpr int kOpen[] = {SCMP_SYS(openat), SCMP_SYS(open)};
constexpr int kAppend[] = {SCMP_SYS(pwrite64), SCMP_SYS(fdatasync)};
// Modes, owners and times are no business of Landlock's: by descriptor only, of what could be opened, and not by path.
constexpr int kWrite[] = {SCMP_SYS(pwrite64),  SCMP_SYS(pwritev),   SCMP_SYS(fsync),   SCMP_SYS(fdatasync),
                          SCMP_SYS(ftruncate), SCMP_SYS(fallocate), SCMP_SYS(rename),  SCMP_SYS(renameat),
                          SCMP_SYS(renameat2), SCMP_SYS(link),      SCMP_SYS(linkat),  SCMP_SYS(unlink),
                          SCMP_SYS(unlinkat),  SCMP_SYS(mkdir),     SCMP_SYS(mkdirat), SCMP_SYS(fchmod),
                          SCMP_SYS(fchown),    SCMP_SYS(umask),     SCMP_SYS(syncfs),  SCMP_SYS(rmdir)};
constexpr int kAccept[] = {SCMP_SYS(accept),         SCMP_SYS(accept4),    SCMP_SYS(getsockname),
                           SCMP_SYS(getpeername),    SCMP_SYS(getsockopt), SCMP_SYS(epoll_create1),
                           SCMP_SYS(timerfd_create), SCMP_SYS(pipe2)};
constexpr ArgumentRule kAcceptWhen[] = {
    {.call = SCMP_SYS(setsockopt), .argument = 1, .mask = kInt, .bits = IPPROTO_TCP, .when = "of TCP"}};

constexpr ArgumentRule kIoctlWhen[] = {
    {.call = SCMP_SYS(ioctl), .argument = 1, .mask = kInt, .bits = FIONREAD, .when = "FIONREAD"},
    {.call = SCMP_SYS(ioctl), .argument = 1, .mask = kInt, .bits = FIONBIO, .when = "FIONBIO"}};
constexpr int kDevices[] = {SCMP_SYS(ioctl)};
constexpr int kNoSockets[] = {SCMP_SYS(socket), SCMP_SYS(connect)};
constexpr int kConnect[] = {SCMP_SYS(connect),    SCMP_SYS(getsockname), SCMP_SYS(getpeername),
                            SCMP_SYS(getsockopt), SCMP_SYS(select),      SCMP_SYS(pselect6)};
// setsockopt(socket, level, option). TCP_ULP can make another protocol's socket (SMC) of one of TCP, whose ports
// Landlock does not know; OpenSSL tries it for TLS in the kernel. The others of TCP are those below it and above, in
// powers of 2.
constexpr ArgumentTest kOptionsTo15[] = {{.argument = 2, .mask = kInt & ~std::uint64_t{15}, .bits = 0}};
constexpr ArgumentTest kOptionsTo23[] = {{.argument = 2, .mask = kInt & ~std::uint64_t{7}, .bits = 16}};
constexpr ArgumentTest kOptionsTo27[] = {{.argument = 2, .mask = kInt & ~std::uint64_t{3}, .bits = 24}};
constexpr ArgumentTest kOptionsTo29[] = {{.argument = 2, .mask = kInt & ~std::uint64_t{1}, .bits = 28}};
constexpr ArgumentTest kOption30[] = {{.argument = 2, .mask = kInt, .bits = 30}};
constexpr ArgumentTest kOptionsFrom32To63[] = {{.argument = 2, .mask = kInt & ~std::uint64_t{31}, .bits = 32}};
constexpr ArgumentTest kUpperProtocol[] = {{.argument = 2, .mask = kInt, .bits = TCP_ULP}};
static_assert(TCP_ULP == 31);

constexpr ArgumentRule option_of(int level, const char* when, std::span<const ArgumentTest> also = {}) {
  return {.call = SCMP_SYS(setsockopt),
          .argument = 1,
          .mask = kInt,
          .bits = static_cast<std::uint64_t>(level),
          .when = when,
          .also = also};
}
constexpr const char* kOfTcp = "of TCP but TCP_ULP";
constexpr ArgumentRule kConnectWhen[] = {
    option_of(SOL_SOCKET, "of the socket"),
    option_of(IPPROTO_IP, "of IP"),
    option_of(IPPROTO_IPV6, "of IPv6"),
    option_of(IPPROTO_TCP, kOfTcp, kOptionsTo15),
    option_of(IPPROTO_TCP, kOfTcp, kOptionsTo23),
    option_of(IPPROTO_TCP, kOfTcp, kOptionsTo27),
    option_of(IPPROTO_TCP, kOfTcp, kOptionsTo29),
    option_of(IPPROTO_TCP, kOfTcp, kOption30),
    option_of(IPPROTO_TCP, kOfTcp, kOptionsFrom32To63),
};
// socket(family, type | flags, protocol)
constexpr std::uint64_t kType = kInt & ~std::uint64_t{SOCK_CLOEXEC | SOCK_NONBLOCK};
constexpr int kMultipathTcp = 262;  // IPPROTO_MPTCP, younger than the reference platform's headers
constexpr ArgumentTest kPlainTcp[] = {{.argument = 1, .mask = kType, .bits = SOCK_STREAM},
                                      {.argument = 2, .mask = kInt, .bits = 0}};
constexpr ArgumentTest kNamedTcp[] = {{.argument = 1, .mask = kType, .bits = SOCK_STREAM},
                                      {.argument = 2, .mask = kInt, .bits = IPPROTO_TCP}};
constexpr ArgumentTest kMptcp[] = {{.argument = 1, .mask = kType, .bits = SOCK_STREAM},
                                   {.argument = 2, .mask = kInt, .bits = kMultipathTcp}};
constexpr ArgumentTest kDatagrams[] = {{.argument = 1, .mask = kType, .bits = SOCK_DGRAM}};

constexpr ArgumentRule socket_of(int family, const char* when, std::span<const ArgumentTest> also = {},
                                 int error = EACCES) {
  return {.call = SCMP_SYS(socket),
          .argument = 0,
          .mask = kInt,
          .bits = static_cast<std::uint64_t>(family),
          .when = when,
          .also = also,
          .error = error};
}
constexpr ArgumentRule kUnixWhen[] = {socket_of(AF_UNIX, "AF_UNIX")};
constexpr ArgumentRule kUnixRefused[] = {socket_of(AF_UNIX, "AF_UNIX", {}, EAFNOSUPPORT)};
constexpr ArgumentRule kConnectRefused[] = {socket_of(AF_NETLINK, "AF_NETLINK", {}, EAFNOSUPPORT),
                                            option_of(IPPROTO_TCP, "TCP_ULP", kUpperProtocol)};
constexpr ArgumentRule kTcpWhen[] = {
    socket_of(AF_INET, "TCP over AF_INET", kPlainTcp), socket_of(AF_INET, "TCP over AF_INET", kNamedTcp),
    socket_of(AF_INET6, "TCP over AF_INET6", kPlainTcp), socket_of(AF_INET6, "TCP over AF_INET6", kNamedTcp)};
constexpr ArgumentRule kNotTcpRefused[] = {socket_of(AF_INET, "datagrams", kDatagrams),
                                           socket_of(AF_INET6, "datagrams", kDatagrams),
                                           socket_of(AF_INET, "Multipath TCP", kMptcp, EPROTONOSUPPORT),
                                           socket_of(AF_INET6, "Multipath TCP", kMptcp, EPROTONOSUPPORT)};
constexpr ArgumentRule kInternetRefused[] = {socket_of(AF_INET, "AF_INET", {}, EAFNOSUPPORT),
                                             socket_of(AF_INET6, "AF_INET6", {}, EAFNOSUPPORT)};
constexpr int kNobody[] = {SCMP_SYS(ptrace),
                           SCMP_SYS(process_vm_readv),
                           SCMP_SYS(process_vm_writev),
                           SCMP_SYS(kcmp),
                           SCMP_SYS(pidfd_getfd),
                           SCMP_SYS(init_module),
                           SCMP_SYS(finit_module),
                           SCMP_SYS(delete_module),
                           SCMP_SYS(kexec_load),
                           SCMP_SYS(kexec_file_load),
                           SCMP_SYS(mount),
                           SCMP_SYS(umount2),
                           SCMP_SYS(pivot_root),
                           SCMP_SYS(chroot),
                           SCMP_SYS(move_mount),
                           SCMP_SYS(mount_setattr),
                           SCMP_SYS(fspick),
                           SCMP_SYS(open_tree),
                           SCMP_SYS(fsopen),
                           SCMP_SYS(fsmount),
                           SCMP_SYS(fsconfig),
                           SCMP_SYS(unshare),
                           SCMP_SYS(setns),
                           SCMP_SYS(bpf),
                           SCMP_SYS(perf_event_open),
                           SCMP_SYS(userfaultfd),
                           SCMP_SYS(keyctl),
                           SCMP_SYS(add_key),
                           SCMP_SYS(request_key),
                           SCMP_SYS(reboot),
                           SCMP_SYS(swapon),
                           SCMP_SYS(swapoff),
                           SCMP_SYS(acct),
                           SCMP_SYS(settimeofday),
                           SCMP_SYS(clock_settime),
                           SCMP_SYS(adjtimex),
                           SCMP_SYS(clock_adjtime),
                           SCMP_SYS(sethostname),
                           SCMP_SYS(setdomainname),
                           SCMP_SYS(iopl),
                           SCMP_SYS(ioperm),
                           SCMP_SYS(quotactl),
                           SCMP_SYS(quotactl_fd),
                           SCMP_SYS(io_uring_setup),
                           SCMP_SYS(syslog),
                           SCMP_SYS(lookup_dcookie),
                           SCMP_SYS(open_by_handle_at),
                           SCMP_SYS(vhangup)};
constexpr ArgumentRule kNewNamespaces[] = {
    {.call = SCMP_SYS(clone), .argument = 0, .mask = CLONE_NEWNS, .bits = CLONE_NEWNS, .when = "CLONE_NEWNS"},
    {.call = SCMP_SYS(clone),
     .argument = 0,
     .mask = CLONE_NEWCGROUP,
     .bits = CLONE_NEWCGROUP,
     .when = "CLONE_NEWCGROUP"},
    {.call = SCMP_SYS(clone), .argument = 0, .mask = CLONE_NEWUTS, .bits = CLONE_NEWUTS, .when = "CLONE_NEWUTS"},
    {.call = SCMP_SYS(clone), .argument = 0, .mask = CLONE_NEWIPC, .bits = CLONE_NEWIPC, .when = "CLONE_NEWIPC"},
    {.call = SCMP_SYS(clone), .argument = 0, .mask = CLONE_NEWUSER, .bits = CLONE_NEWUSER, .when = "CLONE_NEWUSER"},
    {.call = SCMP_SYS(clone), .argument = 0, .mask = CLONE_NEWPID, .bits = CLONE_NEWPID, .when = "CLONE_NEWPID"},
    {.call = SCMP_SYS(clone), .argument = 0, .mask = CLONE_NEWNET, .bits = CLONE_NEWNET, .when = "CLONE_NEWNET"},
};
constexpr int kSanitizer[] = {SCMP_SYS(openat),    SCMP_SYS(open),      SCMP_SYS(readlink),    SCMP_SYS(prctl),
                              SCMP_SYS(prlimit64), SCMP_SYS(getrlimit), SCMP_SYS(personality), SCMP_SYS(stat),
                              SCMP_SYS(access),    SCMP_SYS(ioctl),     SCMP_SYS(pipe2),       SCMP_SYS(readlinkat),
                              SCMP_SYS(faccessat), SCMP_SYS(statx)};

constexpr CallGroup kAllGroup{.allowed = kAll, .allowed_when = kAllWhen, .refused = {}, .refused_when = {}};
constexpr CallGroup kThreadsGroup{.allowed = {}, .allowed_when = kThreadsWhen, .refused = {}, .refused_when = {}};
constexpr CallGroup kMemoryWithoutCodeGroup{
    .allowed = {}, .allowed_when = kNoCodeWhen, .refused = {}, .refused_when = {}};
constexpr CallGroup kMemoryRefusingCodeGroup{
    .allowed = {}, .allowed_when = kNoCodeWhen, .refused = {}, .refused_when = kCodeRefused};
constexpr CallGroup kMemoryWithCodeGroup{.allowed = kCode, .allowed_when = {}, .refused = {}, .refused_when = {}};
constexpr CallGroup kNoFilesGroup{.allowed = {}, .allowed_when = {}, .refused = kNoFiles, .refused_when = kNoFilesWhen};
constexpr CallGroup kReadingFilesGroup{.allowed = kRead, .allowed_when = kReadWhen, .refused = {}, .refused_when = {}};
constexpr CallGroup kOpeningToReadGroup{
    .allowed = {}, .allowed_when = kOpenToReadWhen, .refused = {}, .refused_when = kOpenToReadRefused};
constexpr CallGroup kOpeningGroup{.allowed = kOpen, .allowed_when = {}, .refused = {}, .refused_when = {}};
constexpr CallGroup kAppendingGroup{.allowed = kAppend, .allowed_when = {}, .refused = {}, .refused_when = {}};
constexpr CallGroup kWritingFilesGroup{.allowed = kWrite, .allowed_when = {}, .refused = {}, .refused_when = {}};
constexpr CallGroup kAcceptingGroup{.allowed = kAccept, .allowed_when = kAcceptWhen, .refused = {}, .refused_when = {}};
constexpr CallGroup kHarmlessIoctlsGroup{.allowed = {}, .allowed_when = kIoctlWhen, .refused = {}, .refused_when = {}};
constexpr CallGroup kDevicesGroup{.allowed = kDevices, .allowed_when = {}, .refused = {}, .refused_when = {}};
constexpr CallGroup kNoSocketsGroup{.allowed = {}, .allowed_when = {}, .refused = kNoSockets, .refused_when = {}};
constexpr CallGroup kConnectingGroup{
    .allowed = kConnect, .allowed_when = kConnectWhen, .refused = {}, .refused_when = kConnectRefused};
constexpr CallGroup kUnixSocketsGroup{.allowed = {}, .allowed_when = kUnixWhen, .refused = {}, .refused_when = {}};
constexpr CallGroup kNoUnixSocketsGroup{.allowed = {}, .allowed_when = {}, .refused = {}, .refused_when = kUnixRefused};
constexpr CallGroup kTcpSocketsGroup{
    .allowed = {}, .allowed_when = kTcpWhen, .refused = {}, .refused_when = kNotTcpRefused};
constexpr CallGroup kNoInternetSocketsGroup{
    .allowed = {}, .allowed_when = {}, .refused = {}, .refused_when = kInternetRefused};

}  // namespace

const CallGroup& calls_for_all() noexcept { return kAllGroup; }
const CallGroup& calls_for_threads() noexcept { return kThreadsGroup; }
const CallGroup& calls_for_memory_without_code() noexcept { return kMemoryWithoutCodeGroup; }
const CallGroup& calls_for_memory_refusing_code() noexcept { return kMemoryRefusingCodeGroup; }
const CallGroup& calls_for_memory_with_code() noexcept { return kMemoryWithCodeGroup; }
const CallGroup& calls_for_no_files() noexcept { return kNoFilesGroup; }
const CallGroup& calls_for_reading_files() noexcept { return kReadingFilesGroup; }
const CallGroup& calls_for_opening_to_read() noexcept { return kOpeningToReadGroup; }
const CallGroup& calls_for_opening() noexcept { return kOpeningGroup; }
const CallGroup& calls_for_appending() noexcept { return kAppendingGroup; }
const CallGroup& calls_for_writing_files() noexcept { return kWritingFilesGroup; }
const CallGroup& calls_for_accepting() noexcept { return kAcceptingGroup; }
const CallGroup& calls_for_harmless_ioctls() noexcept { return kHarmlessIoctlsGroup; }
const CallGroup& calls_for_devices() noexcept { return kDevicesGroup; }
const CallGroup& calls_for_no_sockets() noexcept { return kNoSocketsGroup; }
const CallGroup& calls_for_connecting() noexcept { return kConnectingGroup; }
const CallGroup& calls_for_unix_sockets() noexcept { return kUnixSocketsGroup; }
const CallGroup& calls_for_no_unix_sockets() noexcept { return kNoUnixSocketsGroup; }
const CallGroup& calls_for_tcp_sockets() noexcept { return kTcpSocketsGroup; }
const CallGroup& calls_for_no_internet_sockets() noexcept { return kNoInternetSocketsGroup; }
std::span<const int> calls_for_nobody() noexcept { return kNobody; }
std::span<const ArgumentRule> calls_for_new_namespaces() noexcept { return kNewNamespaces; }
std::span<const int> calls_for_sanitizers() noexcept { return kSanitizer; }

}  // namespace signet
