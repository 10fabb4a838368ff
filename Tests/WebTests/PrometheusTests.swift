import Metrics
import Testing
import Web

@Suite struct PrometheusTests {
  @Test func whatIsCountedIsShownInTheFormatOfPrometheus() {
    let registry = PrometheusRegistry()
    Counter(label: "taps_total", dimensions: [("result", "ok")], factory: registry)
      .increment(by: 3)
    Counter(label: "taps", dimensions: [("result", "a\"b\\c\nd")], factory: registry).increment()
    Meter(label: "queue.depth", factory: registry).set(2.5)
    Gauge(label: "last", factory: registry).record(7)
    let timer = Timer(label: "request_seconds", dimensions: [("at", "x")], factory: registry)
    timer.recordMilliseconds(3)
    timer.recordSeconds(60)
    let lines = registry.text().split(separator: "\n").map(String.init)
    #expect(lines.contains("# TYPE taps_total counter"))
    #expect(lines.filter { $0 == "# TYPE taps_total counter" }.count == 1)
    #expect(lines.contains(#"taps_total{result="ok"} 3"#))
    #expect(lines.contains(#"taps_total{result="a\"b\\c\nd"} 1"#))
    #expect(lines.contains("queue_depth 2.5"))
    #expect(lines.contains("last 7"))
    #expect(lines.contains("# TYPE request_seconds histogram"))
    #expect(lines.contains(#"request_seconds_bucket{at="x",le="0.0025"} 0"#))
    #expect(lines.contains(#"request_seconds_bucket{at="x",le="0.005"} 1"#))
    #expect(lines.contains(#"request_seconds_bucket{at="x",le="10"} 1"#))
    #expect(lines.contains(#"request_seconds_bucket{at="x",le="+Inf"} 2"#))
    #expect(lines.contains(#"request_seconds_sum{at="x"} 60.003"#))
    #expect(lines.contains(#"request_seconds_count{at="x"} 2"#))
  }

  @Test func theSameNameIsTheSameCounter() {
    let registry = PrometheusRegistry()
    for _ in 0..<3 { Counter(label: "a", factory: registry).increment() }
    #expect(registry.text().contains("\na_total 3\n") || registry.text().hasSuffix("a_total 3\n"))
  }

  @Test func seriesPastTheLimitAreRefusedAndSaidToBe() {
    let registry = PrometheusRegistry()
    for index in 0..<(PrometheusRegistry.seriesMax + 5) {
      Counter(label: "many", dimensions: [("i", String(index))], factory: registry).increment()
    }
    let lines = registry.text().split(separator: "\n")
    #expect(lines.filter { $0.hasPrefix("many_total{") }.count == PrometheusRegistry.seriesMax)
    #expect(lines.contains("kvytok_metrics_series_refused_total 5"))
  }
}
