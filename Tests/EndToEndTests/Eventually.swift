/// Looks again and again until something is there, within a bound.
func eventually<Found: Sendable>(
  withinSeconds seconds: Double = 300, _ look: () async throws -> Found?
) async throws -> Found? {
  let clock = ContinuousClock()
  let end = clock.now + .seconds(seconds)
  while clock.now < end {
    if let found = try await look() { return found }
    try await Task.sleep(for: .milliseconds(50))
  }
  return try await look()
}
