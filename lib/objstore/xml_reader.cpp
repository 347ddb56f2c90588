// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/xml_reader.h"

#include <pugixml.hpp>

#include "lib/objstore/text.h"

namespace rec::objstore {
namespace {

std::string_view local_name(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  return name.substr(name.find(':') + 1);  // npos + 1 is 0
}

std::string_view trim_all(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

pugi::xml_node child_of(const pugi::xml_node& node, std::string_view name) {
  for (const auto& child : node.children())
    if (child.type() == pugi::node_element && local_name(child) == name) return child;
  return {};
}

}  // namespace

XmlElement::XmlElement(const pugi::xml_node& node)
    : node_(std::make_unique<pugi::xml_node>(node)) {}
XmlElement::XmlElement(const XmlElement& other) : XmlElement(*other.node_) {}
XmlElement& XmlElement::operator=(const XmlElement& other) {
  *node_ = *other.node_;
  return *this;
}
XmlElement::~XmlElement() = default;

std::string_view XmlElement::name() const { return local_name(*node_); }

std::string XmlElement::text(std::string_view path) const {
  pugi::xml_node node = *node_;
  for (const auto step : split(path, '/')) node = child_of(node, step);
  return std::string(trim_all(node.text().get()));
}

std::optional<XmlElement> XmlElement::child(std::string_view name) const {
  const auto found = child_of(*node_, name);
  if (!found) return std::nullopt;
  return XmlElement(found);
}

std::vector<XmlElement> XmlElement::children(std::string_view name) const {
  std::vector<XmlElement> out;
  for (const auto& child : node_->children())
    if (child.type() == pugi::node_element && local_name(child) == name) out.emplace_back(child);
  return out;
}

std::optional<XmlDocument> XmlDocument::parse(std::string_view text) {
  if (text.size() > kMaxBytes) return std::nullopt;
  auto document = std::make_unique<pugi::xml_document>();
  // The encoding is given: a guess could make four bytes of each one.
  const auto parsed =
      document->load_buffer(text.data(), text.size(), pugi::parse_default, pugi::encoding_utf8);
  if (!parsed || !document->document_element() || document->document_element().next_sibling())
    return std::nullopt;
  return XmlDocument(std::move(document));
}

XmlDocument::XmlDocument(std::unique_ptr<pugi::xml_document> document)
    : document_(std::move(document)) {}
XmlDocument::XmlDocument(XmlDocument&& other) noexcept = default;
XmlDocument::~XmlDocument() = default;
XmlElement XmlDocument::root() const { return XmlElement(document_->document_element()); }

std::string xml_escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

}  // namespace rec::objstore
