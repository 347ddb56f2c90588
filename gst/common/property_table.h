// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A property is one row: name, blurb, range and the settings member that it edits. The default is
// the member's own initialiser, so gst-inspect cannot disagree with the code.
#pragma once

#include <gst/gst.h>

#include <cstddef>
#include <string>
#include <type_traits>

namespace rec {

// An enumeration is a property type once its GType is known: specialise with
// `static GType type();` next to the enumeration.
template <class E>
struct EnumType;

template <class S>
struct Property {
  const char* name;
  const char* blurb;
  guint64 min;
  guint64 max;
  GParamSpec* (*spec)(const Property&);
  void (*set)(S&, const GValue*);
  void (*get)(const S&, GValue*);
};

inline constexpr auto kReadyOnly =
    static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);

namespace detail {
template <class S, class T>
S settings_of(T S::*);

template <class S, auto Member>
constexpr Property<S> text_property(const char* name, const char* blurb) {
  return {name,
          blurb,
          0,
          0,
          [](const Property<S>& p) {
            return g_param_spec_string(p.name, p.name, p.blurb, (S{}.*Member).c_str(), kReadyOnly);
          },
          [](S& s, const GValue* v) {
            const char* text = g_value_get_string(v);
            s.*Member = text ? text : "";
          },
          [](const S& s, GValue* v) { g_value_set_string(v, (s.*Member).c_str()); }};
}

template <class S, auto Member>
constexpr Property<S> bool_property(const char* name, const char* blurb) {
  return {name,
          blurb,
          0,
          0,
          [](const Property<S>& p) {
            return g_param_spec_boolean(p.name, p.name, p.blurb, S{}.*Member, kReadyOnly);
          },
          [](S& s, const GValue* v) { s.*Member = g_value_get_boolean(v); },
          [](const S& s, GValue* v) { g_value_set_boolean(v, s.*Member); }};
}

template <class S, auto Member, class E>
constexpr Property<S> enum_property(const char* name, const char* blurb) {
  return {name,
          blurb,
          0,
          0,
          [](const Property<S>& p) {
            return g_param_spec_enum(p.name, p.name, p.blurb, EnumType<E>::type(),
                                     static_cast<gint>(S{}.*Member), kReadyOnly);
          },
          [](S& s, const GValue* v) { s.*Member = static_cast<E>(g_value_get_enum(v)); },
          [](const S& s, GValue* v) { g_value_set_enum(v, static_cast<gint>(s.*Member)); }};
}
}  // namespace detail

template <auto Member, class S = decltype(detail::settings_of(Member))>
constexpr Property<S> property(const char* name, const char* blurb, guint64 min = 0,
                               guint64 max = G_MAXUINT64) {
  using T = std::remove_cvref_t<decltype(S{}.*Member)>;
  if constexpr (std::is_same_v<T, std::string>) {
    return detail::text_property<S, Member>(name, blurb);
  } else if constexpr (std::is_same_v<T, bool>) {
    return detail::bool_property<S, Member>(name, blurb);
  } else if constexpr (std::is_enum_v<T>) {
    return detail::enum_property<S, Member, T>(name, blurb);
  } else {
    static_assert(std::is_same_v<T, guint64>, "add a branch for this member type");
    return {name,
            blurb,
            min,
            max,
            [](const Property<S>& p) {
              return g_param_spec_uint64(p.name, p.name, p.blurb, p.min, p.max, S{}.*Member,
                                         kReadyOnly);
            },
            [](S& s, const GValue* v) { s.*Member = g_value_get_uint64(v); },
            [](const S& s, GValue* v) { g_value_set_uint64(v, s.*Member); }};
  }
}

// Property ids are row numbers plus one: GObject reserves 0.
template <class S, std::size_t N>
void install_properties(GObjectClass* klass, const Property<S> (&table)[N]) {
  for (guint i = 0; i < N; ++i)
    g_object_class_install_property(klass, i + 1, table[i].spec(table[i]));
}

}  // namespace rec
