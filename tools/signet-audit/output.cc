#include "output.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/bytes.h"

namespace signet::audit::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxKeyBytes = 4096;

/// Foreign text was made printable when it went into a message, and is UTF-8.
std::string dump(const Json& json) {
  return without_controls(json.dump(-1, ' ', false, Json::error_handler_t::replace)) + "\n";
}

Json json_of(const Finding& finding) {
  Json json{{"id", finding.id}, {"place", finding.place}};
  if (finding.seq) json["entry"] = *finding.seq;
  json["message"] = finding.message;
  return json;
}

Json list_of(const std::vector<Finding>& findings, Severity severity) {
  Json list = Json::array();
  for (const Finding& finding : findings) {
    if (finding.severity == severity) list.push_back(json_of(finding));
  }
  return list;
}

std::string entries_line(const Summary& summary) {
  if (summary.entries == 0) return "entries       none\n";
  return fmt::format("entries       {}, from {} to {}\n", summary.entries, summary.first_time, summary.last_time);
}

std::string certificates_line(const Summary& summary) {
  std::string line = fmt::format("certificates  {} issued, {} rebuilt with the hash that the log says, ",
                                 summary.certificates, summary.certificates_rebuilt);
  line += summary.issuers_given
              ? fmt::format("{} of {} signatures verified", summary.certificates_verified, summary.certificates)
              : std::string("signatures not checked");
  return line + fmt::format("; {} intents, {} open\n", summary.intents, summary.open_intents);
}

std::string checkpoints_line(const Summary& summary) {
  return fmt::format(
      "checkpoints   {}, {} verified; the newest covers {} of {} entries; {} tiles and bundles compared\n",
      summary.checkpoints, summary.checkpoints_verified, summary.covered, summary.entries, summary.tiles);
}

std::string key_line(const Summary& summary) {
  if (summary.log_key.empty()) return "log key       none: signatures of checkpoints not checked\n";
  return fmt::format("log key       {}{}\n", printable(summary.log_key, kMaxKeyBytes),
                     summary.log_key_given ? "" : " (taken from the log itself)");
}

std::string result_line(const Summary& summary) {
  if (summary.clean()) return "result        clean\n";
  std::uint64_t total = 0;
  std::string kinds;
  for (const auto& [id, count] : summary.counts) {
    total += count;
    kinds += fmt::format("{}{} {}", kinds.empty() ? "" : ", ", count, id);
  }
  return fmt::format("result        {} finding{}: {}\n", total, total == 1 ? "" : "s", kinds);
}

}  // namespace

Result<void> print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size()) return {};
  return fail_errno(errno, "standard output");
}

Result<void> finish_output() {
  const bool flushed = std::fflush(stdout) == 0;
  if (flushed && std::ferror(stdout) == 0) return {};
  return fail_errno(flushed ? EIO : errno, "standard output");
}

std::string without_controls(std::string_view json) {
  std::string safe;
  safe.reserve(json.size());
  for (std::size_t i = 0; i < json.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(json[i]);
    const auto next = i + 1 < json.size() ? static_cast<std::uint8_t>(json[i + 1]) : std::uint8_t{0};
    if (byte == 0x7F) {
      safe += "\\u007f";
    } else if (byte == 0xC2 && next >= 0x80 && next < 0xA0) {  // UTF-8 of U+0080 to U+009F
      safe += fmt::format("\\u{:04x}", next);
      ++i;
    } else {
      safe += json[i];
    }
  }
  return safe;
}

void print_error(const Error& error, Format format) {
  const std::string message = error.field.empty() ? error.message : fmt::format("{}: {}", error.field, error.message);
  if (format == Format::kJson) {
    std::fputs(
        dump(Json{{"error", {{"code", name_of(error.code)}, {"field", error.field}, {"message", error.message}}}})
            .c_str(),
        stdout);
  } else {
    std::fprintf(stderr, "signet-audit: %s\n", message.c_str());
  }
}

std::string line_of(const Finding& finding) {
  return fmt::format("{}  {}  {}: {}\n", finding.severity == Severity::kFinding ? "FINDING" : "note   ", finding.id,
                     finding.place, finding.message);
}

std::string text_of(const Summary& summary) {
  std::string text = entries_line(summary) + certificates_line(summary) + checkpoints_line(summary) + key_line(summary);
  if (!summary.newest_cosignature.empty()) {
    text += fmt::format("cosigned      newest by {}\n", summary.newest_cosignature);
  }
  if (summary.journal_records > 0) text += fmt::format("journal       {} records\n", summary.journal_records);
  text += summary.anchor ? fmt::format("rollback      excluded up to {} entries, by {}\n", summary.anchor->size,
                                       summary.anchor->by)
                         : std::string("rollback      not excluded\n");
  return text + result_line(summary);
}

std::string json_of(const Summary& summary, const std::vector<Finding>& findings) {
  Json json{{"clean", summary.clean()},
            {"findings", list_of(findings, Severity::kFinding)},
            {"notes", list_of(findings, Severity::kNote)},
            {"counts", summary.counts}};
  json["entries"] = summary.entries;
  json["intents"] = summary.intents;
  json["open_intents"] = summary.open_intents;
  json["certificates"] = summary.certificates;
  json["certificates_rebuilt"] = summary.certificates_rebuilt;
  json["certificates_verified"] = summary.certificates_verified;
  json["issuers_given"] = summary.issuers_given;
  json["checkpoints"] = summary.checkpoints;
  json["checkpoints_verified"] = summary.checkpoints_verified;
  json["covered"] = summary.covered;
  json["tiles"] = summary.tiles;
  json["journal_records"] = summary.journal_records;
  json["first_time"] = summary.first_time;
  json["last_time"] = summary.last_time;
  json["origin"] = summary.origin;
  json["log_key"] = summary.log_key;
  json["log_key_given"] = summary.log_key_given;
  json["newest_cosignature"] = summary.newest_cosignature;
  json["rollback_excluded"] = summary.anchor.has_value();
  if (summary.anchor) json["anchor"] = {{"size", summary.anchor->size}, {"by", summary.anchor->by}};
  return dump(json);
}

std::string text_of(const ProvenEntry& proven) {
  std::string text = fmt::format("entry   {} of {} in the log {}, of type {}, {}\n", proven.index, proven.tree_size,
                                 printable(proven.origin), proven.type, proven.time);
  for (const std::string& signer : proven.signers) text += fmt::format("signed  by {}\n", printable(signer));
  return text + "result  the proof holds\n";
}

std::string json_of(const ProvenEntry& proven) {
  return dump(Json{{"index", proven.index},
                   {"tree_size", proven.tree_size},
                   {"origin", proven.origin},
                   {"type", proven.type},
                   {"time", proven.time},
                   {"signers", proven.signers},
                   {"entry", Json::parse(proven.entry, nullptr, false)}});
}

}  // namespace signet::audit::cli
