// docs/lints.md has the rules that the code has, and a version stands for one set of rules.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "lint/lint.h"
#include "support/command.h"

namespace signet {
namespace {

std::string row(const lint::Rule& rule) {
  return fmt::format("| `{}` | {} | {} | {} | {} |\n", rule.id, name_of(rule.severity), rule.applies_to, rule.text,
                     rule.clause);
}

std::string table(lint::Set set) {
  std::string text;
  for (const lint::Rule& rule : lint::rules()) {
    if (rule.set == set) text += row(rule);
  }
  return text;
}

TEST(LintDocs, HaveTheTableOfTheCode) {
  const std::string page = test::slurp(SIGNET_SOURCE_DIR "/docs/lints.md");
  for (const lint::Set set : {lint::Set::kPrivate, lint::Set::kPublicTrust}) {
    EXPECT_NE(page.find("|\n" + table(set) + "\n"), std::string::npos)
        << "docs/lints.md has to hold, as its table of the set " << name_of(set) << ":\n"
        << table(set);
  }
}

TEST(LintDocs, NameTheVersionOfTheRules) {
  const std::string page = test::slurp(SIGNET_SOURCE_DIR "/docs/lints.md");
  EXPECT_NE(page.find(fmt::format("`{}`", lint::kVersion)), std::string::npos);
}

TEST(LintVersion, IsRaisedWhenTheRulesChange) {
  const Sha256 rules = sha256(bytes_of(table(lint::Set::kPrivate) + table(lint::Set::kPublicTrust)));
  EXPECT_EQ(fmt::format("{} {}", lint::kVersion, to_hex(rules)).substr(0, 24), "lint-1 a6a90e89529a3ccbc")
      << "the rules changed: raise lint::kVersion, and write here what is found";
}

}  // namespace
}  // namespace signet
