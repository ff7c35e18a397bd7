/** Renders one chart: an ECharts option as JSON on stdin, SVG on stdout. `node svg.mjs WIDTH HEIGHT` */
import { text } from 'node:stream/consumers'
import * as echarts from 'echarts'

const [width, height] = process.argv.slice(2).map(Number)
const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height })
chart.setOption({ animation: false, backgroundColor: '#ffffff', ...JSON.parse(await text(process.stdin)) })
process.stdout.write(`${chart.renderToSVGString()}\n`)
chart.dispose()
