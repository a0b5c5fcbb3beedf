#include "base/privileges.h"

#include <fmt/format.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace signet {

namespace {

constexpr std::uint64_t bit(int capability) { return std::uint64_t{1} << static_cast<unsigned>(capability); }

struct Capabilities {
  std::uint64_t effective = 0;
  std::uint64_t permitted = 0;
  std::uint64_t inheritable = 0;
};

using CapabilityData = std::array<__user_cap_data_struct, 2>;

bool get_capabilities(Capabilities& found) noexcept {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  CapabilityData data{};
  if (syscall(SYS_capget, &header, data.data()) != 0) return false;
  const auto whole = [&](auto part) { return std::uint64_t{data[1].*part} << 32U | data[0].*part; };
  found = {.effective = whole(&__user_cap_data_struct::effective),
           .permitted = whole(&__user_cap_data_struct::permitted),
           .inheritable = whole(&__user_cap_data_struct::inheritable)};
  return true;
}

bool set_capabilities(std::uint64_t kept) noexcept {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  const auto low = static_cast<std::uint32_t>(kept);
  const auto high = static_cast<std::uint32_t>(kept >> 32U);
  CapabilityData data{{{.effective = low, .permitted = low, .inheritable = 0},
                       {.effective = high, .permitted = high, .inheritable = 0}}};
  return syscall(SYS_capset, &header, data.data()) == 0;
}

/// Up to the last capability that this kernel knows.
bool empty_bounding_set() noexcept {
  for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) return false;
  }
  return true;
}

bool empty_ambient_set() noexcept {
  return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == 0 || errno == EINVAL;
}

}  // namespace

Result<ProcessUser> find_user(const std::string& name, const std::string& field) {
  std::vector<char> buffer(16'384);
  passwd entry{};
  passwd* found = nullptr;
  const int status = getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (status != 0) return fail_errno(status, fmt::format("{}: user '{}'", field, printable(name)), field);
  if (found == nullptr) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} is '{}', and this system has no user of that name; make it (adduser --system {})",
                            field, printable(name), printable(name)),
                field);
  }
  if (entry.pw_uid == 0 || entry.pw_gid == 0)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} is '{}', who is root or in its group; name a user of its own", field, printable(name)),
                field);
  return ProcessUser{.name = name, .uid = entry.pw_uid, .gid = entry.pw_gid};
}

const char* become(const ProcessUser& user) noexcept {
  if (setgroups(0, nullptr) != 0) return "setgroups";
  if (setresgid(user.gid, user.gid, user.gid) != 0) return "setresgid";
  if (setresuid(user.uid, user.uid, user.uid) != 0) return "setresuid";
  return nullptr;
}

bool drop_capabilities() noexcept {
  Capabilities had;
  if (!get_capabilities(had)) return false;
  if ((had.effective & bit(CAP_SETPCAP)) != 0 && !empty_bounding_set()) return false;
  return empty_ambient_set() && set_capabilities(0);
}

Result<void> keep_supervisor_capabilities() {
  constexpr std::uint64_t kKept = bit(CAP_SETUID) | bit(CAP_SETGID) | bit(CAP_KILL);
  Capabilities had;
  if (!get_capabilities(had)) return fail_errno(errno, "capget");
  if ((had.effective & bit(CAP_SETPCAP)) != 0 && !empty_bounding_set()) return fail_errno(errno, "PR_CAPBSET_DROP");
  if (!empty_ambient_set()) return fail_errno(errno, "PR_CAP_AMBIENT_CLEAR_ALL");
  if (!set_capabilities(had.permitted & kKept)) return fail_errno(errno, "capset");
  return {};
}

}  // namespace signet
