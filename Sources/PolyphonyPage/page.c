#include "polyphony_page.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char index_html[] = {
#embed "files/index.html"
};
static const unsigned char style_css[] = {
#embed "files/style.css"
};
static const unsigned char icon_svg[] = {
#embed "files/icon.svg"
};
static const unsigned char main_js[] = {
#embed "files/main.js"
};
static const unsigned char service_js[] = {
#embed "files/service.js"
};
static const unsigned char dom_js[] = {
#embed "files/dom.js"
};
static const unsigned char model_js[] = {
#embed "files/model.js"
};
static const unsigned char models_js[] = {
#embed "files/models.js"
};
static const unsigned char form_js[] = {
#embed "files/form.js"
};
static const unsigned char numbers_js[] = {
#embed "files/numbers.js"
};
static const unsigned char picture_js[] = {
#embed "files/picture.js"
};
static const unsigned char raw_js[] = {
#embed "files/raw.js"
};
static const unsigned char answer_js[] = {
#embed "files/answer.js"
};
static const unsigned char live_js[] = {
#embed "files/live.js"
};
static const unsigned char metrics_js[] = {
#embed "files/metrics.js"
};
static const unsigned char plot_js[] = {
#embed "files/plot.js"
};

#define FILE(name, bytes) {name, bytes, sizeof bytes}

static const struct polyphony_page_file files[] = {
  FILE("index.html", index_html),
  FILE("style.css", style_css),
  FILE("icon.svg", icon_svg),
  FILE("main.js", main_js),
  FILE("service.js", service_js),
  FILE("dom.js", dom_js),
  FILE("model.js", model_js),
  FILE("models.js", models_js),
  FILE("form.js", form_js),
  FILE("numbers.js", numbers_js),
  FILE("picture.js", picture_js),
  FILE("raw.js", raw_js),
  FILE("answer.js", answer_js),
  FILE("live.js", live_js),
  FILE("metrics.js", metrics_js),
  FILE("plot.js", plot_js),
};

const struct polyphony_page_file *polyphony_page_file_at(size_t place) {
  return place < sizeof files / sizeof files[0] ? &files[place] : NULL;
}
