/// Reads single numbers out of a page in Prometheus' text format.
package enum MetricsText {
  /// The value of the first sample of a name that carries a label; nil when there is none.
  package static func value(_ name: String, label: String, in page: String) -> Double? {
    for line in page.split(separator: "\n") where line.hasPrefix(name) {
      let rest = line.dropFirst(name.count)
      guard rest.first == "{" || rest.first == " ", rest.contains(label),
        let number = rest.split(separator: " ").last
      else { continue }
      return Double(number)
    }
    return nil
  }
}
