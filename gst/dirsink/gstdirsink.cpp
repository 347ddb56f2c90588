// SPDX-License-Identifier: LGPL-2.1-or-later

/**
 * SECTION:element-dirsink
 * @title: dirsink
 * @short_description: Writes an object stream, or one plain byte stream, to files
 *
 * Objects of `recordmux` and `hlsslicer` become files below #GstRecDirSink:root. A file never
 * shows half a unit (fragment, cluster, slice), also not after `kill -9`; a manifest is replaced
 * in one step, and only after everything that it lists. Files that this run did not write are
 * never overwritten. The producer is never made to wait and never gets an error: what the disk
 * does not take is reported by `object-failed` messages and recording goes on, in a new file,
 * when the disk takes data again.
 *
 * Any other stream is a plain byte stream. It needs #GstRecDirSink:location and gets ordinary
 * back-pressure and errors.
 *
 * ## Example launch line
 * |[ gst-launch-1.0 -e videotestsrc num-buffers=90 ! x264enc ! mp4mux ! dirsink location=test.mp4
 * ]|
 *
 * Since: 0.1
 */
#include "gst/dirsink/gstdirsink.h"

#include "gst/common/object_stream.h"
#include "gst/dirsink/debug.h"
#include "gst/dirsink/sink.h"

/**
 * GstRecDirSink:root:
 *
 * Directory below which files are written, made when the first of them needs it. Relative: to the
 * process's working directory. Default: `records`. Empty: an error at READY->PAUSED. If it cannot
 * be made or written, a warning with path, reason and remedy is posted and the store is tried
 * again every second.
 *
 * Since: 0.1
 */
/**
 * GstRecDirSink:durability:
 *
 * When data is forced onto the medium, for power cuts: never (`none`, the default), after each
 * unit (`fragment`: two fdatasync() per unit; for a plain byte stream one per buffer), or before
 * a file is reported as stored (`close`). A killed process loses nothing in any of them.
 *
 * Since: 0.1
 */
/**
 * GstRecDirSink:on-exists:
 *
 * What happens if a name is taken: use the next free one, `name-1.ext`, `name-2.ext`, … (`rename`,
 * the default), or refuse it with an error on the bus (`error`).
 *
 * Since: 0.1
 */
/**
 * GstRecDirSink:location:
 *
 * File for a plain byte stream: absolute, or relative to #GstRecDirSink:root. Default: empty. A
 * plain byte stream without it is an error at the first buffer; a relative name with `..` is one
 * at READY->PAUSED.
 *
 * Since: 0.1
 */
/**
 * GstRecDirSink:max-queued-bytes:
 *
 * Bytes of an object stream that may wait for the disk before `record-congestion` asks the
 * producer to send less. Default: 64 MiB. At twice as many the open objects fail with the reason
 * "queue full" and what they have queued is dropped.
 *
 * Since: 0.1
 */
/**
 * GstRecDirSink:shutdown-timeout:
 *
 * Longest time, in nanoseconds, that PAUSED->READY waits for the producer's last bytes and for the
 * disk. Default: 5 s. When it is over a warning names what was still queued.
 *
 * Since: 0.1
 */
/**
 * GstRecDirSink:stats:
 *
 * Numbers of this run, or of the last one: `bytes` written, `objects` stored, `failed-objects`,
 * `queued-bytes`, `dropped-bytes` (of objects that had failed), `slowest-write` (nanoseconds for
 * one buffer). All are guint64.
 *
 * Since: 0.1
 */

struct _GstRecDirSink {
  GstElement parent;
  rec::dirsink::Sink* impl;  // GObject runs no constructor here: no other C++ member
};
GST_DEBUG_CATEGORY(dirsink_debug);
G_DEFINE_TYPE_WITH_CODE(GstRecDirSink, gst_rec_dir_sink, GST_TYPE_ELEMENT,
                        GST_DEBUG_CATEGORY_INIT(dirsink_debug, "dirsink", 0, "Directory sink"))
GST_ELEMENT_REGISTER_DEFINE(dirsink, "dirsink", GST_RANK_NONE, GST_TYPE_REC_DIR_SINK)

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

namespace rec {

GType EnumType<dirsink::Durability>::type() {
  using dirsink::Durability;
  static const GEnumValue values[] = {
      {static_cast<gint>(Durability::kNone), "Never: the kernel decides", "none"},
      {static_cast<gint>(Durability::kFragment), "After each unit", "fragment"},
      {static_cast<gint>(Durability::kClose), "Before a file is reported as stored", "close"},
      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("GstRecDirSinkDurability", values);
  return type;
}

GType EnumType<dirsink::OnExists>::type() {
  using dirsink::OnExists;
  static const GEnumValue values[] = {
      {static_cast<gint>(OnExists::kRename), "Take the next free name", "rename"},
      {static_cast<gint>(OnExists::kError), "Refuse the name, with an error", "error"},
      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("GstRecDirSinkOnExists", values);
  return type;
}

}  // namespace rec

static rec::dirsink::Sink& impl(gpointer self) { return *GST_REC_DIR_SINK(self)->impl; }

static void gst_rec_dir_sink_init(GstRecDirSink* self) {
  self->impl = new rec::dirsink::Sink(&self->parent);
  GST_OBJECT_FLAG_SET(self, GST_ELEMENT_FLAG_SINK);
  GstPad* pad = gst_pad_new_from_static_template(&sink_template, "sink");
  gst_pad_set_chain_function(pad, [](GstPad*, GstObject* parent, GstBuffer* buffer) {
    return impl(parent).chain(rec::Ref<GstBuffer>(buffer));
  });
  gst_pad_set_event_function(pad, [](GstPad*, GstObject* parent, GstEvent* event) -> gboolean {
    return impl(parent).event(rec::Ref<GstEvent>(event));
  });
  gst_pad_set_query_function(pad, [](GstPad* p, GstObject* parent, GstQuery* query) -> gboolean {
    return impl(parent).query(p, query);
  });
  gst_element_add_pad(&self->parent, pad);
}

static void gst_rec_dir_sink_class_init(GstRecDirSinkClass* klass) {
  auto* object = G_OBJECT_CLASS(klass);
  object->finalize = [](GObject* self) {
    delete &impl(self);
    G_OBJECT_CLASS(gst_rec_dir_sink_parent_class)->finalize(self);
  };
  object->set_property = [](GObject* o, guint id, const GValue* v, GParamSpec*) {
    impl(o).set(id, v);
  };
  object->get_property = [](GObject* o, guint id, GValue* v, GParamSpec*) { impl(o).get(id, v); };
  rec::dirsink::Sink::install(object);
  rec::register_object_meta();

  auto* element = GST_ELEMENT_CLASS(klass);
  element->change_state = [](GstElement* self, GstStateChange transition) {
    return impl(self).change_state(transition);
  };
  gst_element_class_add_static_pad_template(element, &sink_template);
  gst_element_class_set_static_metadata(
      element, "Directory sink", "Sink/File",
      "Writes an object stream, or one plain byte stream, to files",
      "The gst-plugins-record authors");
  gst_type_mark_as_plugin_api(rec::EnumType<rec::dirsink::Durability>::type(),
                              static_cast<GstPluginAPIFlags>(0));
  gst_type_mark_as_plugin_api(rec::EnumType<rec::dirsink::OnExists>::type(),
                              static_cast<GstPluginAPIFlags>(0));
}
