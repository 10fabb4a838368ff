/// What came of further requests while one is being answered, in its order.
///
/// A caller may send it in as small pieces as they like: to take one out moves none of the others.
package struct EdgeBacklog<Part> {
  private var parts: [Part?] = []
  /// Where the oldest that is still there stands.
  private var first = 0

  /// Makes it empty.
  package init() {}

  package var isEmpty: Bool { parts.isEmpty }

  package mutating func append(_ part: Part) { parts.append(part) }

  /// Takes the oldest out; nil when there is none.
  package mutating func popFirst() -> Part? {
    guard first < parts.count else { return nil }
    let part = parts[first]
    parts[first] = nil
    first += 1
    // The room goes with the last of them: hardly any connection needs it again.
    if first == parts.count { self = EdgeBacklog() }
    return part
  }
}
