/// A first-in first-out queue that refuses what goes past its limit.
package struct BoundedQueue<Element> {
  /// Most elements it holds.
  package let countMax: Int
  private var slots: [Element?]
  private var head = 0

  /// Number of elements waiting.
  package private(set) var count = 0

  /// Makes an empty queue; the limit is above zero.
  package init(countMax: Int) {
    precondition(countMax > 0, "a queue needs room for one element")
    self.countMax = countMax
    slots = Array(repeating: nil, count: Swift.min(countMax, 16))
  }

  /// Whether nothing waits.
  package var isEmpty: Bool { count == 0 }

  /// Adds an element at the end; false when the queue is full.
  package mutating func append(_ element: Element) -> Bool {
    guard count < countMax else { return false }
    if count == slots.count { grow() }
    slots[(head + count) % slots.count] = element
    count += 1
    return true
  }

  /// Takes the oldest element; nil when the queue is empty.
  package mutating func popFirst() -> Element? {
    guard count > 0 else { return nil }
    let element = slots[head]
    slots[head] = nil
    head = (head + 1) % slots.count
    count -= 1
    return element
  }

  private mutating func grow() {
    var larger = [Element?](
      repeating: nil, count: Swift.min(countMax, slots.count * 2))
    for index in 0..<count { larger[index] = slots[(head + index) % slots.count] }
    slots = larger
    head = 0
  }
}

extension BoundedQueue: Sendable where Element: Sendable {}
