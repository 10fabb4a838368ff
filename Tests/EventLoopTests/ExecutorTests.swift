import EventLoop
import Testing

struct ExecutorTests {
  @Test func aTaskThatPrefersTheLoopRunsOnIt() async {
    let loop = EventLoop.start(name: "test")
    let isOn = await Task(executorPreference: loop) { loop.isOnLoop }.value
    #expect(isOn)
    await loop.shutdown()
  }
}
