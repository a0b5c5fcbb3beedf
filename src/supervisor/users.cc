#include "supervisor/users.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "supervisor/plan.h"

namespace signet {

namespace {

/// Who owns a folder, and what others may do in it.
struct Ownership {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string name = "root";
  mode_t mode = 0755;
};

Ownership private_to(const ProcessUser& user) {
  return {.uid = user.uid, .gid = user.gid, .name = user.name, .mode = 0700};
}

Result<void> not_a_folder(const std::string& path, const char* field) {
  return fail(
      ErrorCode::kFailedPrecondition,
      fmt::format("{} is a symbolic link, or no folder; with the users of [run] signetd gives folders away, and "
                  "only such as nobody can exchange meanwhile: name the folder itself",
                  path),
      field);
}

/// Given away by its descriptor: nobody can put another folder there in between. A crash in between leaves root's,
/// which the next start complains about.
Result<void> make_owned(const std::string& path, const Ownership& owner, const char* field = "state.directory") {
  const bool made = mkdir(path.c_str(), 0700) == 0;
  if (!made && errno != EEXIST) return fail_errno(errno, path, field);
  const UniqueFd folder{open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (!folder.valid() && (errno == ELOOP || errno == ENOTDIR)) return not_a_folder(path, field);
  struct stat status{};
  if (!folder.valid() || fstat(folder.get(), &status) != 0) return fail_errno(errno, path, field);
  if (made) {
    if (fchmod(folder.get(), owner.mode) != 0 || fchown(folder.get(), owner.uid, owner.gid) != 0)
      return fail_errno(errno, path, field);
    return make_directory(path, owner.mode);  // its name is durable
  }
  if (status.st_uid == owner.uid && (status.st_mode & 0777U) == owner.mode) return {};
  return fail(ErrorCode::kFailedPrecondition,
              fmt::format("{} belongs to user {} and has mode {:04o}; with the users of [run] it must belong to {} and "
                          "have mode {:04o}. While signetd does not run: chown {}{} {} && chmod {:04o} {}",
                          path, status.st_uid, status.st_mode & 07777U, owner.name, owner.mode,
                          owner.uid == 0 ? "" : "-R ", owner.name, path, owner.mode, path),
              field);
}

}  // namespace

Result<ChildUsers> find_child_users(const RunConfig& run) {
  if (!run.names_users()) return ChildUsers{};
  SIGNET_TRY(ProcessUser front, find_user(run.front, "run.front"));
  SIGNET_TRY(ProcessUser issuer, find_user(run.issuer, "run.issuer"));
  SIGNET_TRY(ProcessUser keyholder, find_user(run.keyholder, "run.keyholder"));
  if (front.uid == issuer.uid || issuer.uid == keyholder.uid || front.uid == keyholder.uid)
    return fail(ErrorCode::kInvalidArgument, "[run] names two users with the same uid; each process needs its own",
                "run");
  return ChildUsers{.front = std::move(front), .issuer = std::move(issuer), .keyholder = std::move(keyholder)};
}

namespace {

/// A process of root's that may connect to Unix sockets may tell every service of the machine what to do.
Result<void> check_modules_as_root(const std::map<std::string, FrozenProfile>& profiles) {
  for (const auto& [name, profile] : profiles) {
    if (!profile.unix_sockets) continue;
    return fail(ErrorCode::kFailedPrecondition,
                fmt::format("the module of token '{}' connects to Unix sockets (unix_sockets of its HSM profile), and "
                            "with run.allow_root it would be root: it could use every service of this machine; name "
                            "users in [run] (front, issuer, keyholder)",
                            name),
                "run.allow_root");
  }
  return {};
}

}  // namespace

Result<void> check_may_run(const LoadedConfig& loaded, uid_t user) {
  const RunConfig& run = loaded.config.run;
  const bool root = user == 0;
  if (!root && run.names_users()) {
    return fail(ErrorCode::kFailedPrecondition,
                fmt::format("[run] names users for the processes, and signetd runs as user {}, who cannot become "
                            "another one; start it as root, or remove the users",
                            user),
                "run");
  }
  if (!root || run.names_users()) return {};
  if (run.allow_root) return check_modules_as_root(loaded.profiles);
  return fail(ErrorCode::kFailedPrecondition,
              "signetd was started as root, and its processes do not run as root: name a user for each of them in "
              "[run] (front, issuer, keyholder), or start signetd as another user; for trials, run.allow_root = true "
              "lets them run as root, without its capabilities",
              "run");
}

Result<void> prepare_state(const DaemonConfig& config, const ChildUsers& users) {
  if (!users.issuer.has_value() || !users.keyholder.has_value()) return {};
  SIGNET_CHECK(make_owned(config.state.directory, {}));
  SIGNET_CHECK(make_owned(config.log.directory, private_to(*users.issuer), "log.directory"));
  SIGNET_CHECK(make_owned(config.state.store_directory(), private_to(*users.issuer)));
  for (const auto& [name, token] : config.tokens)
    SIGNET_CHECK(make_owned(config.state.keyholder_directory(name), private_to(*users.keyholder)));
  return {};
}

}  // namespace signet
